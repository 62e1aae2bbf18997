import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The command as it is published: built anew, so that nothing is measured on sources or on a build of before. */
export function builtPurser(): { readonly command: string; readonly env: { readonly PURSER_BUILT: string } } {
  execFileSync(process.execPath, [join(root, 'scripts/build-dist.ts')], { stdio: 'inherit' })
  return { command: join(root, 'bin/purser.js'), env: { PURSER_BUILT: '1' } }
}
