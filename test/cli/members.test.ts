import { expect, test } from 'vitest'
import { memberListShape, memberShape } from '../../src/json/access-shapes.ts'
import { newMachine } from './run-purser.ts'
import { askServer, startServing } from './serving-machine.ts'

test('members are set, listed and removed', async () => {
  const machine = newMachine()
  const env = { PURSER_DB: 'spend.db' }
  expect(await machine.run(['members', 'list'], { env })).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no ledger') as string,
  })
  const set = await machine.run(['members', 'set', '7', '--name', 'Ada', '--email', 'ada@example.com'], { env })
  expect(set.out).toBe('Member 7 (Ada) is set.\n  books, holds, runs and sees, with user=7\n  alerts go to ada@example.com\n')
  expect((await machine.run(['members', 'set', '0', '--role', 'admin'], { env })).out).toBe(
    'Member 0 is set.\n  may do everything, in the whole ledger\n',
  )
  // What is left out stays.
  const changed = await machine.json(memberShape, ['members', 'set', '7', '--no-email'], { env })
  expect(changed).toMatchObject({ id: '7', name: 'Ada', role: 'member', labels: { user: '7' }, notificationEmail: null })
  await machine.run(['members', 'set', 'studio', '--role', 'viewer', '--label', 'team=studio'], { env })
  const list = await machine.json(memberListShape, ['members', 'list'], { env })
  expect(list.map(({ id, role, labels }) => [id, role, labels])).toEqual([
    ['0', 'admin', {}],
    ['7', 'member', { user: '7' }],
    ['studio', 'viewer', { team: 'studio' }],
  ])
  const table = (await machine.run(['members', 'list'], { env })).out
  expect(
    table
      .split('\n')
      .slice(0, 3)
      .map((line) => line.trimEnd()),
  ).toEqual(['member  name    role    sees          email', '0       0       admin   (everything)', '7       Ada     member  user=7'])
  expect((await machine.run(['members', 'remove', '7'], { env })).out).toContain('its keys open nothing any more')
  const gone = await machine.run(['members', 'remove', '7'], { env })
  expect([gone.code, gone.err.includes('There is no member "7"')]).toEqual([2, true])
})

test.each([
  [['members', 'set', '7', '--role', 'boss'], 'Allowed choices are admin, member, viewer, ingest'],
  [['members', 'set', '7', '--email', 'nobody'], 'an email address, or null'],
  [['members', 'set', '7', '--label', 'team'], '--label takes key=value'],
  [['members', 'set'], "Missing required argument 'id'"],
])('%j is refused', async (args, said) => {
  const { code, err } = await newMachine().run([...args, '--db', 'spend.db'])
  expect([code, err.includes(said)]).toEqual([2, true])
})

test('a running server knows of a change with the next request', async () => {
  const machine = newMachine()
  const env = { PURSER_DB: 'spend.db' }
  await machine.run(['members', 'set', '7'], { env })
  const key = (await machine.run(['keys', 'create', '--name', 'ada', '--member', '7'], { env })).out.trim()
  const server = await startServing(machine, [], env)
  const status = async (): Promise<number> => (await askServer(server, '/costs', { key })).status
  expect(await status()).toBe(200)
  await machine.run(['members', 'set', '7', '--role', 'ingest'], { env })
  expect(await status()).toBe(403)
  await machine.run(['members', 'remove', '7'], { env })
  expect(await status()).toBe(401)
  await server.stop()
})
