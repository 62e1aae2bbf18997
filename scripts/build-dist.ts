import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const root = dirname(import.meta.dirname)
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
for (const data of globSync('src/**/*.json', { cwd: root })) {
  const target = join(dist, relative('src', data))
  mkdirSync(dirname(target), { recursive: true })
  cpSync(join(root, data), target)
}
chmodSync(join(root, 'bin/purser.js'), 0o755)
