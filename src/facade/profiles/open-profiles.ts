import { inputPlace, pathText } from '../../budgets/input-place.ts'
import { PurserError } from '../../errors.ts'
import { parseProfiles, profileNamed, type ProfilesInput } from '../../runs/profiles/parse-profiles.ts'
import type { Profile } from '../../runs/profiles/profile.ts'
import { asSentence } from '../../text/sentence.ts'

/** The profiles among the options of `Purser.open`. */
export interface OpenProfiles {
  readonly profiles?: ProfilesInput
  readonly profile?: string
}

/** @throws PURSER_BAD_ARGUMENT naming the field that is wrong */
export function readOpenProfiles({ profiles = {}, profile }: OpenProfiles): ReadonlyMap<string, Profile> {
  const place = inputPlace((path, predicate) => {
    throw new PurserError('PURSER_BAD_ARGUMENT', asSentence(`"${pathText(path)}" of the options of Purser.open ${predicate}`))
  })
  const parsed = parseProfiles(profiles, (name) => place.in('profiles', name))
  if (profile !== undefined) profileNamed(parsed, profile, place.in('profile'))
  return parsed
}
