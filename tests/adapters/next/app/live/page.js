// A page that is made for each request, from an answer that comes in parts.
import { Suspense } from 'react'
import { headers } from 'next/headers'

const ask = async (path, init) => (await fetch(`${process.env.BACKEND}${path}`, init)).text()

/** Asked for by the browser while the rest is already there. */
async function Late() {
  return <p id="late">{await ask('/late', { cache: 'no-store' })}</p>
}

export default async function Page() {
  await headers()
  const [fresh, cached, tagged] = await Promise.all([
    ask('/fresh', { cache: 'no-store' }),
    ask('/cached', { cache: 'force-cache' }),
    ask('/tagged', { next: { revalidate: 3600, tags: ['tag'] } }),
  ])
  // Asked twice in one rendering: Next asks once.
  await ask('/cached', { cache: 'force-cache' })
  return (
    <main>
      <p id="fresh">{fresh}</p>
      <p id="cached">{cached}</p>
      <p id="tagged">{tagged}</p>
      <Suspense fallback="later">
        <Late />
      </Suspense>
    </main>
  )
}
