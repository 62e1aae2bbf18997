import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const root = dirname(import.meta.dirname)
const dist = join(root, 'dist')
// On the same file system, so that the finished build can be moved into its place; and ignored by everything else.
const folder = mkdtempSync(join(root, 'node_modules', '.purser-build-'))
const built = join(folder, 'new')

try {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', built], { stdio: 'inherit' })
  for (const data of globSync('src/**/*.json', { cwd: root })) {
    const target = join(built, relative('src', data))
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(root, data), target)
  }
  chmodSync(join(root, 'bin/purser.js'), 0o755)
  if (existsSync(dist)) renameSync(dist, join(folder, 'old'))
  renameSync(built, dist)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
