/* The writing desk: editor, drafts that outlive a crash, preview by the server, one text saved alone, two texts made one.
   Acts on [data-desk-field]; without it (or without script) the text area and its form do all the work. */
(() => {
  'use strict'
  const KEEP_AFTER = 800, LOOK_AFTER = 900, LOOK_EVERY = 2500 // ms; the server draws 30 previews a minute
  const FORGET = 14 * 24 * 3600 * 1000 // ms

  /* Drafts lie in IndexedDB: what it has taken survives the death of the browser, which localStorage does not for seconds. */
  const base = new Promise((resolve, reject) => {
    const asked = indexedDB.open('standby-desk', 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore('drafts', { keyPath: 'key' })
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
  const store = async (mode, act) => {
    const db = await base
    return new Promise((resolve, reject) => {
      const change = db.transaction('drafts', mode, { durability: 'strict' })
      const asked = act(change.objectStore('drafts'))
      change.oncomplete = () => resolve(asked.result)
      change.onabort = change.onerror = () => reject(change.error)
    })
  }
  const drafts = {
    get: key => store('readonly', all => all.get(key)).catch(() => undefined),
    put: draft => store('readwrite', all => all.put(draft)),
    drop: key => store('readwrite', all => all.delete(key)).catch(() => undefined),
  }
  store('readwrite', all => {
    const each = all.openCursor()
    each.onsuccess = () => {
      const at = each.result
      if (!at) return
      if (Date.now() - at.value.at > FORGET) at.delete()
      at.continue()
    }
    return each
  }).catch(() => undefined)

  const lf = text => text.replace(/\r\n/g, '\n')
  const clock = at => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  const make = (tag, says, act) => {
    const made = document.createElement(tag)
    made.textContent = says
    if (act) { made.type = 'button'; made.className = 'btn sm'; made.addEventListener('click', act) }
    return made
  }

  const desk = field => {
    const area = field.querySelector('textarea.desk-text'), form = area.form
    const notes = field.querySelector('.desk-notes'), state = field.querySelector('.desk-state')
    const pane = field.querySelector('.desk-preview'), button = field.querySelector('.desk-save')
    const sibling = name => form && form.elements[name]
    const seen = sibling(area.name.replace(/[^-]*$/, 'seen_version')), initial = sibling('initial-' + area.name)
    const csrf = () => (form && form.elements.csrfmiddlewaretoken || document.querySelector('[name=csrfmiddlewaretoken]')).value
    const key = field.dataset.draft
    let version = +(seen && seen.value || field.dataset.version), saved = lf(initial ? initial.value : area.defaultValue)
    let keeping, saving = false, looking, looked = 0

    const say = (text, kind = '') => { state.textContent = text; state.dataset.kind = kind }
    /* What the next save stands on: the version and text that were read. */
    const stand = (number, text) => {
      version = number; saved = lf(text)
      if (seen) seen.value = number
      if (initial) initial.value = text
    }

    const tool = (name, action, icon, title) => ({ name, action, title, icon: `<span aria-hidden="true">${icon}</span>` })
    const editor = new EasyMDE({
      element: area, autoDownloadFontAwesome: false, spellChecker: false, nativeSpellcheck: true, inputStyle: 'contenteditable',
      forceSync: true, status: false, minHeight: '170px', tabSize: 4, indentWithTabs: false,
      shortcuts: { togglePreview: null, toggleSideBySide: null, toggleFullScreen: null },
      toolbar: [
        tool('bold', EasyMDE.toggleBold, '<b>B</b>', 'Bold'), tool('italic', EasyMDE.toggleItalic, '<i>I</i>', 'Italic'),
        tool('heading', EasyMDE.toggleHeadingSmaller, 'H', 'Heading'), '|',
        tool('list', EasyMDE.toggleUnorderedList, '•', 'List'), tool('numbers', EasyMDE.toggleOrderedList, '1.', '1. Numbered list'),
        tool('quote', EasyMDE.toggleBlockquote, '“', 'Quote'), tool('code', EasyMDE.toggleCodeBlock, '&lt;&gt;', 'Code'),
        tool('link', EasyMDE.drawLink, 'Link', 'Link'), tool('table', EasyMDE.drawTable, 'Table', 'Table'), '|',
        tool('undo', EasyMDE.undo, '↶', 'Undo'), tool('redo', EasyMDE.redo, '↷', 'Redo'),
        tool('look', () => look(true), 'Preview', 'Preview beside the text'),
      ],
    })
    const input = editor.codemirror.getInputField()
    input.setAttribute('aria-label', `${field.dataset.label || 'Text'}, Markdown`)
    input.setAttribute('role', 'textbox')
    input.setAttribute('aria-multiline', 'true')
    editor.codemirror.getScrollerElement().tabIndex = -1
    editor.codemirror.setOption('extraKeys', Object.assign({}, editor.codemirror.getOption('extraKeys'), {
      Tab: false, 'Shift-Tab': false, 'Ctrl-Enter': () => save(), 'Cmd-Enter': () => save(),
    }))
    const text = () => lf(editor.value())

    /* Drafts */
    const keep = async () => {
      clearTimeout(keeping)
      if (text() === saved) { await drafts.drop(key); return say('') }
      try {
        await drafts.put({ key, body: text(), base: saved, version, at: Date.now() })
        say(`Draft kept ${clock(Date.now())}, not saved yet`)
        field.dataset.kept = text()
      } catch { say('This browser keeps no drafts: save often.', 'warn') }
    }
    const offer = draft => {
      const says = make('p', `A text of ${new Date(draft.at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${clock(draft.at)}, was never saved. ` +
        (draft.version === version ? 'Take it up where you left it?' : 'Somebody saved since: when you save it, both texts are shown.'))
      const box = make('div', '')
      box.className = 'desk-draft'
      box.setAttribute('role', 'group')
      box.setAttribute('aria-label', 'Unsaved draft')
      const ways = make('div', '')
      ways.className = 'desk-ways'
      const end = () => box.remove()
      ways.append(
        make('button', 'Take it up', () => { stand(draft.version, draft.base); editor.value(draft.body); end(); keep() }),
        make('button', 'Throw it away', () => { end(); drafts.drop(key) }))
      box.append(says, ways)
      notes.append(box)
    }
    drafts.get(key).then(draft => {
      if (!draft) return
      if (lf(draft.body) !== text()) offer(draft)
      else if (lf(draft.body) === saved) drafts.drop(key)
    })
    editor.codemirror.on('change', () => {
      say('Not saved yet')
      clearTimeout(keeping)
      keeping = setTimeout(keep, KEEP_AFTER)
      if (!pane.hidden) look()
    })
    addEventListener('pagehide', () => { if (text() !== saved) keep() })

    /* Preview by the server */
    const draw = async () => {
      looked = Date.now()
      const body = new FormData()
      body.set('body', text()); body.set('csrfmiddlewaretoken', csrf())
      try {
        const answer = await fetch(field.dataset.preview, { method: 'POST', body, headers: { 'HX-Request': 'true' } })
        if (answer.ok) pane.innerHTML = await answer.text() // sanitised by the server, and scripts are forbidden by the page's policy
        else if (answer.status !== 429) pane.textContent = 'No preview: the portal did not draw it.'
        else { looked = Date.now() + 10000; look() }
      } catch { pane.textContent = 'No preview: the portal does not answer.' }
    }
    const look = toggle => {
      if (toggle) pane.hidden = !pane.hidden
      clearTimeout(looking)
      if (!pane.hidden) looking = setTimeout(draw, Math.max(toggle ? 0 : LOOK_AFTER, looked + LOOK_EVERY - Date.now()))
    }

    /* Saving this text alone */
    const save = async () => {
      if (!field.dataset.save) return form.requestSubmit()
      if (saving) return
      saving = true
      say('Saving')
      const sent = text(), body = new FormData()
      for (const [name, value] of Object.entries({ body: sent, base: saved, version, csrfmiddlewaretoken: csrf() })) body.set(name, value)
      try {
        const answer = await fetch(field.dataset.save, { method: 'POST', body, headers: { 'HX-Request': 'true' } })
        if (answer.ok) {
          const now = await answer.json()
          notes.replaceChildren()
          stand(now.version, now.body)
          if (text() === lf(now.body)) { await drafts.drop(key); say(`Saved ${now.at}`, 'ok') } else await keep()
        } else if (answer.status === 409 && answer.headers.get('content-type').startsWith('application/json')) {
          await keep()
          clash(await answer.json())
        } else {
          await keep()
          say(`Not saved, but kept here as a draft. ${new DOMParser().parseFromString(await answer.text(), 'text/html').body.textContent.trim().slice(0, 200)}`, 'bad')
        }
      } catch {
        await keep()
        say('Not saved: the portal does not answer. Your text is kept here as a draft.', 'bad')
      }
      saving = false
      field.dispatchEvent(new CustomEvent('desk:settled'))
    }
    if (button) { button.hidden = false; button.addEventListener('click', save) }

    /* Two texts */
    const clash = found => {
      notes.innerHTML = found.html // our own fragment, its texts escaped
      notes.querySelector('.desk-conflict').dataset.version = found.version
      say('Two texts: choose above.', 'warn')
    }
    notes.addEventListener('click', event => {
      const way = event.target.closest('[data-desk]'), box = event.target.closest('.desk-conflict')
      if (!way) return
      const theirs = box.querySelector('.desk-theirs').value, merged = box.querySelector('.desk-merged').value
      stand(+(box.dataset.version || field.dataset.version), theirs)
      box.remove()
      if (way.dataset.desk === 'merge') { editor.value(merged); keep().then(() => say('Both texts stand in one: read it, then save.')) }
      if (way.dataset.desk === 'theirs') { editor.value(theirs); keep() }
      if (way.dataset.desk === 'mine' && field.dataset.save) save()
      else editor.codemirror.focus()
    })
    field.dataset.ready = 'yes'
  }

  const begin = () => document.querySelectorAll('[data-desk-field]').forEach(field => {
    if (!field.dataset.ready && !field.closest('.empty-form')) desk(field)
  })
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin)
  else begin()
})()
