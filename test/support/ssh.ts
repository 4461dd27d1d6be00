/** A command line of SSH that asks nothing, knows no host and reads no configuration, as the owner of a key. */
export function ssh(key: string, host: string, port: number): string {
  const alone = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o LogLevel=ERROR'
  const patience = '-o ConnectTimeout=30 -o ServerAliveInterval=10 -o ServerAliveCountMax=6'
  return `ssh -F none -i ${key} -p ${port} ${alone} ${patience} ${host}`
}
