/** Inference profiles and residency prefixes of Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html */
const regionPrefix = /^(?:us-gov|us|eu|apac|au|jp|ca|sa|me|af|il|mx|in|kr|global)\./
const vendorPrefix =
  /^(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|writer|x-ai|xai|zai)[./]/

const versionSuffix = /(?:-v\d+(?::\d+)?(?::\d+k)?|:\d+)$/
const dateSuffix = /-(?:20\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|20\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))$/
const atSuffix = /@(\d{8}|\d{3}|latest|default)$/

/** A name without its address: Bedrock ARNs, `models/…`, `publishers/google/models/…`, `projects/…/models/…`. */
export function withoutPath(name: string): string {
  if (name.startsWith('arn:')) return name.slice(name.lastIndexOf('/') + 1)
  const at = name.lastIndexOf('models/')
  return at === 0 || name[at - 1] === '/' ? name.slice(at + 'models/'.length) : name
}

/** A name without what says only how it was called: address, `[1m]`, and the organisation and id of a fine-tuned model. */
export function withoutWrapping(name: string): string {
  const bare = withoutPath(name.trim()).replace(/\[1m\]$/i, '')
  return bare.startsWith('ft:') ? bare.split(':').slice(0, 2).join(':') : bare
}

export function withoutRegion(name: string): string {
  return name.replace(regionPrefix, '')
}

export function regionOf(name: string): string | undefined {
  return regionPrefix.exec(name)?.[0].slice(0, -1)
}

/** What may stand before a model's own name: a region, a vendor, or both. */
export function isRegionOrVendor(text: string): boolean {
  return withoutRegion(text).replace(vendorPrefix, '') === ''
}

/**
 * Other writings of the same model, what was taken off least first: its address, `[1m]`, `-v1:0`, `@20250514`,
 * a date, and the provider's own prefix. A region prefix is not taken off here, because some prices depend on it.
 */
export function normalisedNames(provider: string, model: string): string[] {
  const names = new Set<string>()
  const bare = withoutWrapping(model)
  for (const name of [bare, withoutProvider(provider, bare)]) {
    const unversioned = name.replace(versionSuffix, '')
    const at = atSuffix.exec(name)?.[1]
    names.add(name)
    if (at !== undefined) {
      const unpinned = name.replace(atSuffix, '')
      names.add(`${unpinned}-${at}`)
      names.add(unpinned)
    }
    names.add(unversioned)
    const undated = unversioned.replace(dateSuffix, '')
    names.add(undated + name.slice(unversioned.length))
    names.add(undated)
  }
  names.delete(model)
  return [...names]
}

function withoutProvider(provider: string, name: string): string {
  return provider === 'aws' ? name.replace(vendorPrefix, '') : name.startsWith(`${provider}/`) ? name.slice(provider.length + 1) : name
}
