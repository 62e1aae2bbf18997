import { type InputPlace, inputPlace, pathText } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import type { Catalog } from '../pricing/catalog.ts'
import { parseProfiles, profileNamed } from '../runs/profiles/parse-profiles.ts'
import type { Profile } from '../runs/profiles/profile.ts'
import { resolveModel } from '../runs/profiles/resolve-model.ts'
import type { ConfigFile } from './config-file.ts'
import { asSentence } from '../text/sentence.ts'

/** The model profiles of the configuration. */
export interface ConfiguredProfiles {
  readonly profiles: ReadonlyMap<string, Profile>
  /** As `Purser.open` takes them. */
  readonly written: Readonly<Record<string, object>>
  /** The one that `profile` names. */
  readonly profile: string | undefined
  /** Models without a price, each with the place where it is written and the nearest names. */
  readonly unknownModels: (catalog: Catalog, at: number) => string[]
}

/**
 * The profiles of both files; of equal names the nearer one counts.
 * @throws PURSER_BAD_CONFIG with the place that is wrong
 */
export function readProfiles(files: readonly ConfigFile[]): ConfiguredProfiles {
  const from = new Map<string, ConfigFile>()
  for (const file of files) for (const name of Object.keys(file.written.profiles ?? {})) if (!from.has(name)) from.set(name, file)
  const written = Object.fromEntries([...from].map(([name, file]) => [name, file.written.profiles?.[name] ?? {}]))
  const profiles = parseProfiles(written, (name) => placeIn(from.get(name)).in('profiles', name))
  const naming = files.find((file) => file.written.profile !== undefined)
  const chosen = naming === undefined ? undefined : profileNamed(profiles, naming.written.profile, placeIn(naming).in('profile'))
  return {
    profiles,
    written,
    profile: chosen?.name,
    unknownModels: (catalog, at) =>
      [...profiles.values()].flatMap(({ name, choices }) => {
        const models = new Set(choices.map(({ model }) => model))
        return [...models].flatMap((model) => {
          const found = resolveModel(catalog, model, at)
          if (found.kind === 'known') return []
          const file = from.get(name)
          const place = file?.placeOf(pathTo(file.written.profiles?.[name], model, ['profiles', name]) ?? ['profiles', name])
          return [`${place}: profile "${name}": ${found.message}`]
        })
      }),
  }
}

function placeIn(file: ConfigFile | undefined): InputPlace {
  return inputPlace((path, predicate) => {
    const place = file === undefined ? '' : `${file.placeOf(path)}: `
    throw new PurserError('PURSER_BAD_CONFIG', asSentence(`${place}${pathText(path)} ${predicate}`))
  })
}

/** The path to the first place where a model is written. */
function pathTo(node: unknown, model: string, path: readonly string[]): readonly string[] | undefined {
  if (node === model) return path
  if (typeof node !== 'object' || node === null) return undefined
  for (const [key, value] of Object.entries(node)) {
    const found = pathTo(value, model, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
