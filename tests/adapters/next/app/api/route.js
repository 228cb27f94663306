// A route that drops what the data cache holds.
import { revalidateTag } from 'next/cache'

export async function POST(request) {
  const { tag } = await request.json()
  if (tag !== undefined) revalidateTag(tag, { expire: 0 })
  const answer = await fetch(`${process.env.BACKEND}/echo`, { method: 'POST', body: JSON.stringify({ tag }), cache: 'no-store' })
  const dispatchers = [1, 2].map((n) => globalThis[Symbol.for(`undici.globalDispatcher.${n}`)]?.constructor.name)
  return Response.json({ answer: await answer.json(), dispatchers })
}

export async function GET(request) {
  const answer = await fetch(`${process.env.BACKEND}/large`, { cache: 'no-store', signal: request.signal })
  return new Response(answer.body, { headers: { 'X-From': 'backend' } })
}
