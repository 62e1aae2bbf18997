import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

test('a run asks the profile in force for its models, each time', async () => {
  const purser = await openTemporaryLedger({
    profiles: { economy: { default: 'acme/small' }, quality: { default: 'acme/big', stages: { draft: 'acme/small' } } },
    profile: 'quality',
  })
  const models: string[] = []
  await purser.run({ id: 'r', project: 'film' }, async (run) => {
    for (const stage of ['draft', 'final']) models.push((await run.model({ stage })).model)
    await purser.profiles.use('economy')
    models.push((await run.model({ stage: 'final' })).model)
    await run.stage('final', async () => models.push((await run.model()).profile))
  })
  expect(models).toEqual(['small', 'big', 'small', 'economy'])
  const own = await purser.run({ id: 's', profile: 'quality' }, (run) => run.model({ stage: 'final' }))
  expect(own).toMatchObject({ result: { model: 'big', profile: 'quality' }, run: { profile: 'quality' } })
})

test('a run that names its profile begins with it, and follows what is put into force after that', async () => {
  const purser = await openTemporaryLedger({
    profiles: { economy: { default: 'acme/small' }, quality: { default: 'acme/big' } },
    profile: 'economy',
  })
  const models: string[] = []
  const ended = await purser.run({ id: 'r', project: 'film', profile: 'quality' }, async (run) => {
    models.push((await run.model()).model)
    await purser.profiles.use('quality', { project: 'other' })
    models.push((await run.model()).model)
    await wait(5)
    await purser.profiles.use('economy', { project: 'film' })
    models.push((await run.model()).model)
    await run.stage('final', async () => models.push((await purser.profiles.model()).model))
  })
  expect(ended.state).toBe('completed')
  expect(models).toEqual(['big', 'big', 'small', 'small'])
})
