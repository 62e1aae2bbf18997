// Both src/ and dist/ lie in the package's own folder: the build puts every shared chunk of this code into dist/ itself.
const packageFolder = new URL('..', import.meta.url)
const runsSources = import.meta.url.endsWith('.ts')

/** A file that the package is published with, by its path from the package's folder. */
export function packageFile(path: string): URL {
  return new URL(path, packageFolder)
}

/** A module that is started by its file and not imported, by its path in src/ without ending: the source, or what was built of it. */
export function moduleFile(path: string): URL {
  return packageFile(runsSources ? `src/${path}.ts` : `dist/${path}.js`)
}
