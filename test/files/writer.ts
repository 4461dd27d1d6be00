/** A process in the middle of writing a file: it never comes to the file's second half. */
import { join } from 'node:path'
import { placeFile } from '../../src/files/place.js'

const never = {
  *[Symbol.iterator]() {
    yield Buffer.from('half')
    console.log('half')
    for (;;);
  }
}
await placeFile(join(process.argv[2], 'whole'), never)
