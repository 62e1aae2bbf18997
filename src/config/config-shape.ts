import { openTiers } from '../pricing/account-tiers.ts'
import { weekdays } from '../time/weekdays.ts'
import { alerts, budgets, limits, projects } from './budget-shape.ts'
import { modelProfiles } from './profile-shape.ts'
import { logLevels } from './server-settings.ts'
import type { Field, Shape } from './shape.ts'

export const sourceKinds = ['claude-code', 'codex', 'csv', 'jsonl'] as const
export type SourceKind = (typeof sourceKinds)[number]

const source: Readonly<Record<string, Field>> = {
  kind: { shape: { kind: 'choice', values: sourceKinds }, meaning: 'What wrote the records.', required: true },
  path: { shape: { kind: 'text' }, meaning: 'A file or folder, relative to purser.yaml; `~` is your home folder.', example: '~/.claude' },
  paths: { shape: { kind: 'texts' }, meaning: 'Several of them.' },
  map: {
    shape: { kind: 'text-map', orText: true },
    meaning: 'For `csv` and `jsonl`: which column or path each field of a call comes from.',
    example: '{ at: TIMESTAMP, inputTokens: ContextTokens }',
  },
  labels: {
    shape: { kind: 'text-map' },
    meaning: 'Labels set on every call; they win over those of the records.',
    example: '{ team: films }',
  },
  basis: {
    shape: { kind: 'choice', values: ['metered', 'plan', 'free'] },
    meaning:
      'Whether the calls are real spend, covered by a subscription, or free. `plan` for claude-code and codex unless said otherwise.',
  },
  provider: { shape: { kind: 'text' }, meaning: 'For `csv` and `jsonl`: the provider of records that name none.', example: 'openai' },
  model: { shape: { kind: 'text' }, meaning: 'For `csv` and `jsonl`: the model of records that name none.', example: 'gpt-4o' },
  timezone: {
    shape: { kind: 'text' },
    meaning: 'For `csv` and `jsonl`: the zone of times without an offset; `timezone` above unless said otherwise.',
  },
  delimiter: { shape: { kind: 'text' }, meaning: 'For `csv`: what separates columns. Found from the first line unless given.' },
}

const retention: Readonly<Record<string, Field>> = {
  detailed: { shape: { kind: 'days' }, meaning: 'Days to keep each charge, or `forever`.' },
  daily: { shape: { kind: 'days' }, meaning: 'Days to keep daily sums, or `forever`.' },
  monthly: { shape: { kind: 'days' }, meaning: 'Days to keep monthly sums, or `forever`.' },
}

const tiers: Shape = { kind: 'list', of: { kind: 'choice', values: openTiers } }
const serviceTiers: Readonly<Record<string, Field>> = {
  openai: {
    shape: tiers,
    meaning: 'What OpenAI may serve where a request says `auto` or nothing: what the project is set to.',
    example: '[standard]',
  },
  azure: { shape: tiers, meaning: 'The same for Azure.' },
  anthropic: { shape: tiers, meaning: 'The same for Anthropic: `[standard]` without a commitment to priority.' },
}

const server: Readonly<Record<string, Field>> = {
  host: {
    shape: { kind: 'text' },
    meaning:
      'The address to listen on. `127.0.0.1`, this machine alone, unless said otherwise; another one needs keys. `--host` and `PURSER_HOST` win over it.',
  },
  port: {
    shape: { kind: 'amount', unit: 'a whole number from 0 to 65535' },
    meaning: 'The port; `7787` unless said otherwise, `0` for any that is free. `--port` and `PURSER_PORT` win over it.',
  },
  cors_origins: {
    shape: { kind: 'texts' },
    meaning: 'Sites whose pages may ask, besides those of the server itself. None unless said otherwise.',
    example: '[https://costs.example.com]',
  },
  requests_per_minute: {
    shape: { kind: 'amount', unit: 'a whole number, 1 or more' },
    meaning: 'Requests that one key, or without keys one address, may make in a minute. `60000` unless said otherwise.',
  },
  body_limit_mb: {
    shape: { kind: 'amount', unit: 'a whole number from 1 to 1024' },
    meaning: 'The largest body of a request, in units of 1,048,576 bytes. `16` unless said otherwise.',
  },
  log_level: {
    shape: { kind: 'choice', values: logLevels },
    meaning: 'The least that is logged: `info` has a line for each request. `info` unless said otherwise.',
  },
}

/** Every key of purser.yaml; the checks and the reference are both made from it. */
export const configShape: Extract<Shape, { kind: 'map' }> = {
  kind: 'map',
  keys: {
    db: {
      shape: { kind: 'text' },
      meaning:
        'The ledger: a file, relative to purser.yaml (`~` is your home folder), or the `postgres://` URL of a database. `--db`, `PURSER_DB` and `COST_STORAGE_PATH` win over it.',
      example: 'spend.db',
    },
    timezone: {
      shape: { kind: 'text' },
      meaning: 'IANA zone of days, weeks and months, kept in the ledger when it is created. `UTC` unless said otherwise.',
      example: 'Europe/Paris',
    },
    week_starts: {
      shape: { kind: 'choice', values: weekdays },
      meaning: 'The day on which a week begins. `monday` unless said otherwise.',
    },
    labels: {
      shape: {
        kind: 'map',
        keys: {
          subjects: {
            shape: { kind: 'texts' },
            meaning:
              'Labels with many values, besides run, session, job, ticket, scene, video, experiment and artifact. Kept in the ledger when it is created.',
            example: '[customer]',
          },
        },
      },
      meaning: 'What is known about your labels.',
    },
    pricing: {
      shape: { kind: 'prices' },
      meaning: 'Your own prices, which win over all others; see the guide to prices.',
    },
    bounds: {
      shape: {
        kind: 'map',
        keys: {
          service_tiers: {
            shape: { kind: 'map', keys: serviceTiers },
            meaning:
              'By provider: the service tiers that your account is served where a request leaves them open. Every tier that it may be served counts unless said otherwise. A request that asks for a tier is bounded by that.',
          },
        },
      },
      meaning: 'What is known about your accounts, so that less is held for a call; see the guide to bounds.',
    },
    budgets,
    limits,
    projects,
    alerts,
    profiles: modelProfiles,
    profile: {
      shape: { kind: 'text' },
      meaning: 'The profile that is in force unless `purser profiles use` says another.',
      example: 'economy',
    },
    user_profiles: {
      shape: { kind: 'texts' },
      meaning:
        'Files of users, relative to purser.yaml, with `*` and `**` for any names: the `budget` of each is an override of `user.monthly`.',
      example: '[users/*/profile.json]',
    },
    env_file: {
      shape: { kind: 'text' },
      meaning:
        'A file of lines `NAME=value`, relative to purser.yaml, from which the variables of cost tracking below are read where the environment does not set them. Other lines are passed over.',
      example: 'config/.env.pipeline',
    },
    sources: {
      shape: { kind: 'list', of: { kind: 'map', keys: source } },
      meaning: 'Records that exist already. They are brought up to date before `purser costs` answers, and by `purser import`.',
    },
    server: { shape: { kind: 'map', keys: server }, meaning: 'How `purser serve` serves the ledger; see the guide to the server.' },
    usage: {
      shape: {
        kind: 'map',
        keys: {
          retention: {
            shape: { kind: 'map', keys: retention },
            meaning: 'How long records are to be kept. Read and checked, but not in force in this version: nothing is deleted.',
          },
          aggregation: {
            shape: {
              kind: 'map',
              keys: { schedule: { shape: { kind: 'text' }, meaning: 'Read and not needed: sums are kept as calls are booked.' } },
            },
            meaning: 'When sums are made.',
          },
        },
      },
      meaning: 'What is kept.',
    },
  },
}
