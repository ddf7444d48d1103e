// Pages work without this. It only says when what is shown may be old, and closes the menu after a choice on a phone.
(() => {
  const away = (yes) => {
    const note = document.getElementById('away');
    if (note) note.hidden = !yes;
  };
  const isBackground = (detail) => Boolean(detail.requestConfig?.headers?.['X-Background']);

  document.addEventListener('htmx:beforeSwap', ({ detail }) => {
    const failed = detail.xhr.status >= 400;
    if (isBackground(detail) && failed) detail.shouldSwap = false; // Keep the old list rather than lose it to an error page.
    away(isBackground(detail) && failed);
  });
  document.addEventListener('htmx:sendError', () => away(true));
  document.addEventListener('htmx:timeout', () => away(true));

  // A stream ends now and then by design and is back at once; only a longer silence is worth a word.
  let silence = 0;
  document.addEventListener('htmx:sseError', () => {
    silence ||= setTimeout(away, 3000, true);
  });
  document.addEventListener('htmx:sseOpen', () => {
    clearTimeout(silence);
    silence = 0;
    away(false);
  });

  // Ticks or unticks every row of its form.
  document.addEventListener('change', ({ target }) => {
    if (!target.dataset.checkAll) return;
    for (const box of target.form.elements[target.dataset.checkAll] ?? []) box.checked = target.checked;
  });

  // The token of a mailed invitation stands behind the #, which no server sees; it goes into its field and out of the address bar.
  const invitation = document.querySelector('[data-from-hash]');
  const given = invitation && new URLSearchParams(location.hash.slice(1)).get(invitation.dataset.fromHash);
  if (given) {
    invitation.value = given;
    history.replaceState(null, '', location.pathname + location.search);
  }

  // Copies a text that stands beside the button, and says so by its look.
  document.addEventListener('click', ({ target }) => {
    const copy = target.closest?.('[data-copy]');
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => copy.classList.add('btn-success'));
    if (target.closest?.('[data-print]')) window.print();
  });

  // A page swapped in is announced and read from its top, as after a full load.
  document.addEventListener('htmx:afterSettle', ({ detail }) => {
    if (detail.boosted && detail.elt.id === 'page') detail.elt.focus({ preventScroll: true });
  });
})();
