import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

describe('a run that was planned to wait', () => {
  test('is not begun by its program before somebody approves it', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'film-7', project: 'film', estimate: '4.00' }, { waits: true })
    const ran: string[] = []
    const pipeline = () => purser.run({ id: 'film-7', project: 'film' }, () => void ran.push('once'))
    expect(await pipeline()).toMatchObject({
      state: 'refused',
      message: 'The run "film-7" waits to be approved, and is not begun before.',
      run: { state: 'planned', approval: 'waiting', attempt: 0 },
    })
    expect(ran).toEqual([])
    expect(await purser.runs.approve('film-7', { author: 'ada' })).toMatchObject({ state: 'planned', approval: 'approved' })
    expect(await pipeline()).toMatchObject({ state: 'completed', run: { approval: 'approved', attempt: 1 } })
    expect(ran).toEqual(['once'])
    await expect(purser.runs.approve('film-7')).rejects.toThrow('The run "film-7" is completed already.')
  })

  test('waits on whatever else is asked of it', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'r' }, { waits: true })
    await purser.runs.pause('r')
    await purser.runs.resume('r')
    expect(await purser.run({ id: 'r', resume: true }, () => 1)).toMatchObject({ state: 'refused', run: { approval: 'waiting' } })
  })

  test('is over once it is declined, and says why', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'r' }, { waits: true })
    expect(await purser.runs.decline('r', { reason: 'too dear', author: 'ada' })).toMatchObject({
      state: 'stopped',
      approval: 'declined',
      message: 'It was declined: too dear',
    })
    await expect(purser.run({ id: 'r' }, () => 1)).rejects.toThrow('The run "r" is stopped, and is not run again.')
    await expect(purser.runs.approve('r')).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })

  test('waits again when its plan is changed after it was approved', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'r', estimate: '4.00', budget: '5.00' }, { waits: true })
    await purser.runs.approve('r')
    expect(await purser.runs.replan('r', { estimate: '9.00', budget: null, profile: 'quality' })).toMatchObject({
      approval: 'waiting',
      estimate: { costNanos: 9_000_000_000n },
      cap: null,
      profile: 'quality',
    })
    expect(await purser.run({ id: 'r' }, () => 1)).toMatchObject({ state: 'refused' })
    await purser.runs.approve('r')
    await purser.estimates.save('r', await purser.estimate({ calls: [{ model: 'acme/big', calls: 1, input: 10 }] }))
    expect(await purser.runs.get('r')).toMatchObject({ approval: 'waiting', estimate: { source: 'plan' } })
  })

  test('is one of two kinds: one that nobody has to approve begins by itself, and cannot be approved', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'r' })
    await expect(purser.runs.approve('r')).rejects.toThrow('cannot be approved or declined: it was not planned to wait for that')
    expect(await purser.runs.replan('r', { estimate: '1.00' })).not.toHaveProperty('approval')
    expect(await purser.run({ id: 'r' }, () => 1)).toMatchObject({ state: 'completed' })
    await expect(purser.runs.replan('r', { estimate: '2.00' })).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })

  test('that failed is no plan any more, so it is not changed', async () => {
    const purser = await openTemporaryLedger()
    const failing = purser.run({ id: 'r' }, () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    await expect(purser.runs.replan('r', { budget: '2.00' })).rejects.toThrow(
      'The run "r" is failed, and a plan is changed before its run begins.',
    )
  })
})
