// A video factory: Gemini finds stories and writes a script, its image model draws, ElevenLabs speaks. What a video will
// cost is foreseen with a buffer of 10 %, each call says what it came to, and each video and service has its total.
//   node main.ts v1 "Lighthouses"                     another take of the same video: node main.ts v1 "Lighthouses" v1-take-2
import { Buffer } from 'node:buffer'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import { type Card, formatUsd, nanos, parseFilter, type PlanInput, Purser, toUsd } from 'purser'
import { wrap as wrapElevenLabs } from 'purser/elevenlabs'
import { wrap as wrapGoogle } from 'purser/google'

const [text, painter, speaker, voice] = ['gemini-2.5-flash', 'gemini-2.5-flash-image', 'eleven_multilingual_v2', 'JBFqnCBsd6RMkjVDRZzb']
const [video, topic, take = video] = process.argv.slice(2)
if (video === undefined || take === undefined || topic === undefined)
  throw new Error('Name the video and its topic: node main.ts v1 "Lighthouses"')

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const plan = read('plan.json') as PlanInput & { readonly counts: { readonly stories: number; readonly images: number } }

// The ledger, and the limits that are put into force, are those of the file.
const purser = await Purser.open({
  config: 'purser.yaml',
  ownerCards: read('prices.json') as readonly Card[],
  log: (line, fields) => fields['service'] !== undefined && console.log(`Cost logged: ${line}`),
})
purser.listen(({ kind, body }) => {
  if (kind !== 'threshold.crossed') return
  const [spent, limit] = [body['spent'], body['limit']].map((amount) => toUsd(nanos(BigInt(String(amount)))).toFixed(2))
  const what = body['budget'] === 'videos.daily' ? 'Daily' : 'Monthly'
  const percent = Number(body['percent'])
  console.warn(
    percent < 100
      ? `${what} cost alert: $${spent} / $${limit} (${percent}% threshold)`
      : `${what} cost limit exceeded: $${spent} / $${limit}`,
  )
})

// One client of Google serves two services, so each call says which; the address of a proxy or a test may stand in the environment.
const gemini = wrapGoogle(new GoogleGenAI({}), purser, { provider: 'google' })
const { ELEVENLABS_BASE_URL: baseUrl } = process.env
const elevenLabs = new ElevenLabsClient(baseUrl === undefined ? {} : { baseUrl })
const eleven = wrapElevenLabs(elevenLabs, purser, { provider: 'elevenlabs', labels: { service: 'elevenlabs' } })

async function write(prompt: string): Promise<string> {
  const answer = await gemini.models.generateContent({ model: text, contents: prompt, config: { maxOutputTokens: 4000 } })
  return answer.text ?? ''
}

async function draw(prompt: string, path: string): Promise<void> {
  const answer = await gemini.models.generateContent({ model: painter, contents: prompt, config: { maxOutputTokens: 4000 } })
  const image = answer.candidates?.[0]?.content?.parts?.find(({ inlineData }) => inlineData !== undefined)?.inlineData?.data
  if (image === undefined) throw new Error(`There is no picture in the answer to: ${prompt}`)
  writeFileSync(path, Buffer.from(image, 'base64'))
}

async function speak(dialogue: string, path: string): Promise<void> {
  const speech = await eleven.textToSpeech.convert(voice, { text: dialogue, modelId: speaker })
  writeFileSync(path, Buffer.from(await new Response(speech).arrayBuffer()))
}

const estimate = await purser.estimate(plan)
console.log(`Video ${video} will cost about ${formatUsd(estimate.costNanos)}, with a buffer of ${estimate.bufferPercent} %.`)

const { project = 'factory', counts } = plan
const ended = await purser.run({ id: take, project, labels: { video }, estimate }, async (run) => {
  for (const warning of run.admission.warnings) console.warn(warning)
  const stories = await run.stage('story', { labels: { service: 'gemini', operation: 'story_generation' }, keep: true }, async () => {
    const found: string[] = []
    while (found.length < counts.stories) found.push(await write(`Tell a short true story about ${topic}, unlike: ${found.join(' ')}`))
    return found
  })
  const script = await run.stage('script', { labels: { service: 'gemini', operation: 'script_generation' }, keep: true }, () =>
    write(`Write the dialogue of a video of these stories: ${stories.join(' ')}`),
  )
  mkdirSync(`out/${video}`, { recursive: true })
  for (let number = 1; number <= counts.images; number += 1) {
    const artifact = `out/${video}/${number}.png`
    const labels = { service: 'nanobanana', operation: 'image_generation', artifact }
    await run.stage('images', { labels }, () => draw(`Picture ${number} of ${counts.images} for: ${script}`, artifact))
  }
  await run.stage('voice', { labels: { operation: 'voice_synthesis' } }, () => speak(script, `out/${video}/voice.mp3`))
})
console.log(ended.state === 'completed' ? `Video ${video} is made.` : ended.message)

/** Costs by service, as the studio's dashboard reads them. */
async function costsByService(question: { where?: string; sinceMs?: number }) {
  const { where, ...period } = question
  const { rows, total } = await purser.costs({
    groupBy: ['service'],
    where: where === undefined ? [] : [parseFilter(where)],
    sort: 'name',
    ...period,
  })
  const costs = rows.map(({ key, costNanos }) => [String(key[0]), toUsd(costNanos)] as const)
  return { costs_by_service: Object.fromEntries(costs), total: toUsd(total.costNanos) }
}

async function showCosts(id: string): Promise<void> {
  const today = new Date().toISOString().slice(0, 10)
  console.log(JSON.stringify({ video_id: video, ...(await costsByService({ where: `video=${video}` })) }))
  console.log(JSON.stringify({ date: today, ...(await costsByService({ sinceMs: Date.parse(today) })) }))
  const [year, month] = today.split('-').map(Number)
  console.log(JSON.stringify({ year, month, ...(await costsByService({ sinceMs: Date.parse(today.slice(0, 7)) })) }))
  const { variance } = await purser.reports.summary(id)
  if (variance !== null)
    console.log(`Estimated $${variance.estimated_usd}, actual $${variance.actual_usd} (${variance.variance_percent} %)`)
}

await purser.flush()
if (purser.isTracking) await showCosts(take)
else console.log(`What video ${video} cost is unknown: cost tracking is off.`)
await purser.close()
