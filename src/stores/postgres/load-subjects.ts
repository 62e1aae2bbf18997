import type { ClientBase } from 'pg'
import { subjectsById, toSubject } from './charge-rows.ts'
import { sendAll } from './statement.ts'
import type { Subject } from './subject-numbers.ts'

/** Loads subjects by their numbers. */
export function loadSubjects(client: ClientBase, schema: string): (ids: readonly number[]) => Promise<Subject[]> {
  return async (ids) => ((await sendAll(client, [subjectsById(schema, ids)]))[0]?.rows ?? []).map(toSubject)
}
