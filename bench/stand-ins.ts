/**
 * Writes what specs/cifar10-nfe5.yaml reads into a folder, in full size and with made-up weights, so that all of it
 * runs without a network: EPD_ASSETS=FOLDER epd-run specs/cifar10-nfe5.yaml, with few seeds by --set.
 */
import { writeCifar10 } from '../test/support/stand-ins.js'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: tsx bench/stand-ins.ts FOLDER')
writeCifar10(folder)
