/* Passkeys (WebAuthn) for the forms that ask for one: <form data-passkey="login|get|create" hidden>. Without script they stay hidden. */
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const listed = list => (list || []).map(c => ({ ...c, id: bytes(c.id) }));
  const WORDS = { NotAllowedError: 'That was cancelled, or took too long. Try again.', InvalidStateError: 'This device has a passkey of yours already.', SecurityError: 'Passkeys need https, or localhost.' };

  async function get(options) {
    const k = options.publicKey;
    const c = await navigator.credentials.get({ publicKey: { ...k, challenge: bytes(k.challenge), allowCredentials: listed(k.allowCredentials) } });
    const r = c.response;
    return answer(c, { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : null });
  }
  async function create(options, alone) {
    const k = options.publicKey, wanted = { ...k.authenticatorSelection };
    wanted.residentKey = alone ? 'required' : 'discouraged'; wanted.requireResidentKey = alone; if (alone) wanted.userVerification = 'required';
    const c = await navigator.credentials.create({ publicKey: { ...k, challenge: bytes(k.challenge), user: { ...k.user, id: bytes(k.user.id) }, excludeCredentials: listed(k.excludeCredentials), authenticatorSelection: wanted } });
    return answer(c, { attestationObject: text(c.response.attestationObject), transports: c.response.getTransports?.() || [] });
  }
  const answer = (c, response) => ({ id: c.id, rawId: text(c.rawId), type: c.type, response: { clientDataJSON: text(c.response.clientDataJSON), ...response }, clientExtensionResults: c.getClientExtensionResults(), authenticatorAttachment: c.authenticatorAttachment });

  async function ask(form) {
    if (form.dataset.passkey === 'login') {
      const found = await fetch(form.action, { headers: { Accept: 'application/json' } });
      if (!found.ok) throw new Error('The portal did not answer. Try again in a minute.');
      return get((await found.json()).request_options);
    }
    const options = JSON.parse(document.getElementById('passkey-options').textContent);
    return form.dataset.passkey === 'create' ? create(options.creation_options, form.elements.passwordless?.checked) : get(options.request_options);
  }
  document.querySelectorAll('form[data-passkey]').forEach(form => {
    form.hidden = false;
    form.addEventListener('submit', async e => {
      e.preventDefault();
      const wrong = form.querySelector('[role=alert]:not(.note)'); wrong.hidden = true;
      try { form.elements.credential.value = JSON.stringify(await ask(form)); form.submit() }
      catch (trouble) { wrong.textContent = WORDS[trouble.name] || trouble.message; wrong.hidden = false }
    });
  });
})();
