// The entry of the page.

import './page.css'
import { render } from 'preact'
import { App } from './app.js'
import { Changes } from './changes.js'
import { type Report, readEmbedded } from './model.js'
import { ThemeChoice } from './parts/theme.js'

function Page() {
  const { reports, runs } = readEmbedded()
  const [first, second] = reports as [Report, Report?]
  return (
    <>
      <header>
        <div>
          <p class="kicker">squire</p>
          <h1>
            {second === undefined || second.model === first.model ? first.model : `${first.model}, ${second.model}`}
          </h1>
        </div>
        <ThemeChoice />
      </header>
      <main>
        {second === undefined ? (
          <App report={first} run={runs[0] ?? null} />
        ) : (
          <Changes before={first} after={second} />
        )}
      </main>
    </>
  )
}

render(<Page />, document.getElementById('page')!)
