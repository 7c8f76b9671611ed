// The entry of the page.

import './page.css'
import { render } from 'preact'
import { App } from './app.js'
import { readEmbedded } from './model.js'
import { ThemeChoice } from './theme.js'

function Page() {
  const { reports, runs } = readEmbedded()
  const [report] = reports
  return (
    <>
      <header>
        <div>
          <p class="kicker">squire</p>
          <h1>{report!.model}</h1>
        </div>
        <ThemeChoice />
      </header>
      <main>
        <App report={report!} run={runs[0] ?? null} />
      </main>
    </>
  )
}

render(<Page />, document.getElementById('page')!)
