import { inputPlace, type InputPath } from '../../budgets/input-place.ts'
import { said } from '../../budgets/parse-scope.ts'
import { parseLabels } from '../../ledger/labels.ts'
import type { ConfigFile, WrittenConfig } from '../config-file.ts'
import { agentLimits, globalLimits, type LimitKey, limitKinds, projectLimits } from '../limit-kinds.ts'
import { type BudgetDraft, type Drafts, type Written, writtenIn } from './budget-draft.ts'
import { budgetName } from './budget-name.ts'
import { refuseIn } from './refuse-in.ts'

/** A limit of a file: its amount, and the path of keys that leads to it. */
interface Leaf {
  readonly value: string
  readonly file: ConfigFile
  readonly path: InputPath
}

type Pick = (written: WrittenConfig) => string | undefined

/**
 * The budgets of `limits` and `projects`: all strict. Days and months block new runs, runs are terminated, places queue.
 * A project's own limits are overrides where there is one for every project, else budgets of their own. Tokens are those
 * that a provider reports as input and output, without those read from a cache.
 */
export function limitDrafts(files: readonly ConfigFile[]): Drafts {
  const alerts = files.find(({ written }) => written.alerts?.thresholds !== undefined)
  const leafOf = (path: InputPath, pick: Pick): Leaf | undefined => {
    const file = files.find(({ written }) => pick(written) !== undefined)
    return file && { file, path, value: pick(file.written) as string }
  }
  const draft = (
    name: string,
    key: LimitKey,
    leaf: Leaf,
    extra: Partial<BudgetDraft> & { each?: string[]; projects?: Named[] },
  ): BudgetDraft => toDraft(name, key, leaf, alerts, extra)
  const drafts = globalLimits.flatMap((key) => {
    const leaf = leafOf(['limits', 'global', key], ({ limits }) => limits?.global?.[key])
    return leaf === undefined ? [] : [draft(`limits.global.${key}`, key, leaf, {})]
  })
  const names = [...new Set(files.flatMap(({ written }) => Object.keys(written.projects ?? {})))]
  for (const name of names) checkProject(name, files)
  for (const key of projectLimits) {
    const own = names.flatMap((name): Named[] => {
      const leaf = leafOf(['projects', name, 'limits', key], ({ projects }) => projects?.[name]?.limits?.[key])
      return leaf === undefined ? [] : [{ name, leaf }]
    })
    const leaf = leafOf(['limits', 'per_project', 'default', key], ({ limits }) => limits?.per_project?.default?.[key])
    if (leaf !== undefined) drafts.push(draft(`limits.per_project.${key}`, key, leaf, { each: ['project'], projects: own }))
    else for (const one of own) drafts.push(draft(...alone(key, one)))
  }
  for (const key of agentLimits) {
    const leaf = leafOf(['limits', 'per_agent', 'default', key], ({ limits }) => limits?.per_agent?.default?.[key])
    if (leaf !== undefined) drafts.push(draft(`limits.per_agent.${key}`, key, leaf, { each: ['agent', 'run'] }))
  }
  const idle = alerts !== undefined && drafts.length === 0
  const warnings = idle ? [`${alerts.placeOf(['alerts', 'thresholds'])}: alerts.thresholds are those of limits, and there are none.`] : []
  return { drafts, warnings }
}

interface Named {
  readonly name: string
  readonly leaf: Leaf
}

function alone(key: LimitKey, { name, leaf }: Named): [string, LimitKey, Leaf, Partial<BudgetDraft>] {
  return [budgetName('projects.', name, `.limits.${key}`), key, leaf, { where: [{ field: 'project', op: 'equals', values: [name] }] }]
}

function toDraft(
  name: string,
  key: LimitKey,
  leaf: Leaf,
  alerts: ConfigFile | undefined,
  { each = [], projects = [], where }: Partial<BudgetDraft> & { each?: string[]; projects?: Named[] },
): BudgetDraft {
  const { metric, window, onLimit } = limitKinds[key]
  return {
    name,
    input: {
      limit: leaf.value,
      metric,
      window,
      on_limit: onLimit,
      each,
      ...(metric === 'tokens' && { counts_cache_reads: false }),
      // Places are held and never spent, so no share of them is ever told.
      ...(alerts !== undefined && metric !== 'concurrency' && { thresholds: alerts.written.alerts?.thresholds }),
      ...(projects.length > 0 && {
        overrides: projects.map(({ name: project, leaf: { value } }) => ({ match: { project }, limit: value })),
      }),
    },
    written: (path) => writtenLimit(path, leaf, projects, alerts),
    ...(where !== undefined && { where }),
  }
}

function writtenLimit(path: InputPath, leaf: Leaf, projects: readonly Named[], alerts: ConfigFile | undefined): Written {
  const [first, second] = path
  if (first === 'thresholds' && alerts !== undefined) return writtenIn(alerts, ['alerts', ...path])
  const project = first === 'overrides' && typeof second === 'number' ? projects[second] : undefined
  const { file, path: keys } = project?.leaf ?? leaf
  return writtenIn(file, keys)
}

/** The name of a project is the value of a label. */
function checkProject(project: string, files: readonly ConfigFile[]): void {
  const file = files.find(({ written }) => written.projects?.[project] !== undefined)
  if (file !== undefined) {
    said(() => parseLabels({ project }), inputPlace(refuseIn(() => writtenIn(file, ['projects', project]))))
  }
}
