import { execFileSync } from 'node:child_process'
import { onTestFinished } from 'vitest'

/** Mounts a disk in memory over a folder for one test; false where this user may not. `options` are those of tmpfs. */
export function mountDisk(folder: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return false
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder])
  })
  return true
}
