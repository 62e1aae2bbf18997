import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown, type InputOptions } from 'rolldown'

const root = dirname(import.meta.dirname)
const dist = join(root, 'dist')
// On the same file system, so that the finished build can be moved into its place; and ignored by everything else.
const folder = mkdtempSync(join(root, 'node_modules', '.purser-build-'))
const built = join(folder, 'new')
const bundled: InputOptions = { cwd: root, platform: 'node', external: /^[^./]/ }

try {
  await buildModules()
  buildTypes()
  chmodSync(join(root, 'bin/purser.js'), 0o755)
  if (existsSync(dist)) renameSync(dist, join(folder, 'old'))
  renameSync(built, dist)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Few files instead of hundreds, because a command spends most of its start on opening modules. What `Purser` always
 * needs is one chunk, which SDK, clients and commands share; what is loaded on demand stays apart.
 */
async function buildModules(): Promise<void> {
  const alwaysNeeded = await modulesNeededBy('src/index.ts')
  const bundle = await rolldown({ ...bundled, input: entries() })
  await bundle.write({
    dir: built,
    format: 'esm',
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'purser', test: (id) => alwaysNeeded.has(id) }] },
  })
  await bundle.close()
}

/** The modules that are loaded with this one, without those that it imports on demand. */
async function modulesNeededBy(input: string): Promise<ReadonlySet<string>> {
  const bundle = await rolldown({ ...bundled, input })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  return new Set(output[0].moduleIds)
}

/** What is started or imported by its path: the exports of the package, the command, and the thread that reads logs. */
function entries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>
  }
  const published = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default.slice('./dist/'.length, -'.js'.length)],
  )
  const paths = [...published, 'cli/main', 'importers/claude-code/reader-thread']
  return Object.fromEntries(paths.map((path) => [path, `src/${path}.ts`]))
}

function buildTypes(): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', built], { stdio: 'inherit' })
}
