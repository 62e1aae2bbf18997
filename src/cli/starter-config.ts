/** A purser.yaml to start from: what is found is in force, everything else is an example in a comment. */
export function starterConfig({ db, sources }: { readonly db: string | undefined; readonly sources: readonly string[] }): string {
  const ledger = db === undefined ? '# db: spend.db' : `db: ${JSON.stringify(db)}`
  const active =
    sources.length === 0 ? '# sources:\n#   - kind: claude-code' : `sources:\n${sources.map((kind) => `  - kind: ${kind}`).join('\n')}`
  return `# What configures purser in this folder and below. Every key is in docs/reference/config.md.

# The ledger, relative to this file. Without it: purser.db in your data folder.
${ledger}

# The zone of days, weeks and months. Kept in the ledger when it is created.
# timezone: Europe/Paris
# week_starts: monday

# Labels with many values, besides run, session, job, ticket, scene, video, experiment and artifact.
# labels:
#   subjects: [customer]

# Records that exist already. They are read before \`purser costs\` answers, and by \`purser import\`.
${active}
#   - kind: codex
#   - kind: csv
#     path: calls.csv
#     map: { at: TIMESTAMP, inputTokens: ContextTokens, outputTokens: GeneratedTokens }
#     provider: openai
#     model: gpt-4o
#     labels: { project: atlas }

# What may be spent, in dollars. A strict budget grants no call that might pass it, a soft one warns.
# \`purser config show --expanded\` shows every budget in full.
# budgets:
#   everything: { limit: 10.00, window: day }
#   project: { limit: 100.00, window: month, each: [project], mode: soft, overrides: { atlas: 250.00 } }
#   run: { limit: 2.00, window: run, each: [run], thresholds: [80], on_limit: pause }

# Your own prices, in dollars. They win over the catalog; \`purser reprice\` brings booked calls up to them.
# pricing:
#   last_updated: 2026-02-01
#   models:
#     my-model:
#       provider: acme
#       input_per_million: 3
#       output_per_million: 15
#     my-voice:
#       provider: acme
#       per_1k_characters: 0.05
#     my-local-model:
#       provider: local
#       free: true

# How long records are to be kept. Not in force in this version: nothing is deleted.
# usage:
#   retention:
#     detailed: 90
#     daily: 365
#     monthly: forever
`
}
