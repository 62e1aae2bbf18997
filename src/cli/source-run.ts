import type { SourceConfig } from '../config/load-config.ts'
import type { ImportRun } from '../facade/import-batch.ts'

/** An importer over a source, ready to run; its module is loaded when it runs. */
export function sourceRun(source: SourceConfig, zone: string, env: NodeJS.ProcessEnv): ImportRun {
  const { kind, paths, labels, basis, map, provider, model, delimiter, timezone } = source
  const session = { paths, env, ...(labels !== undefined && { labels }), ...(basis !== undefined && { basis }) }
  const records = {
    zone: timezone ?? zone,
    ...(map !== undefined && { map }),
    ...(labels !== undefined && { labels }),
    ...(basis !== undefined && { basis }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
  }
  return async (sink) => {
    switch (kind) {
      case 'claude-code': {
        const { importClaudeCode } = await import('../importers/claude-code.ts')
        return importClaudeCode(session, sink)
      }
      case 'codex': {
        const { importCodex } = await import('../importers/codex.ts')
        return importCodex(session, sink)
      }
      case 'csv': {
        const { importCsv } = await import('../importers/csv.ts')
        return importCsv({ ...records, ...(delimiter !== undefined && { delimiter }), files: paths }, sink)
      }
      case 'jsonl': {
        const { importJsonl } = await import('../importers/jsonl.ts')
        return importJsonl({ ...records, files: paths }, sink)
      }
    }
  }
}

/** A source in few words: its kind, and where it lies if that is named. */
export function describeSource({ kind, paths }: SourceConfig): string {
  const [first, ...others] = paths
  if (first === undefined) return kind
  return `${kind} ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`
}
