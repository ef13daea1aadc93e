// Work instead of a picture: counts until it finds the number that makes the hash, then sends the form.
for (const b of $$('[data-work]')) if (!crypto.subtle) b.closest('section').hidden = true; else b.onclick = async () => {
  if ([...b.form.elements].some(i => i.name !== 'signs' && !i.reportValidity())) return;
  const w = JSON.parse(b.dataset.work), hex = h => [...new Uint8Array(h)].map(x => x.toString(16).padStart(2, '0')).join('');
  b.disabled = true;
  for (let number = 0; number <= w.maxnumber; number++) {
    if (hex(await crypto.subtle.digest(w.algorithm, new TextEncoder().encode(w.salt + number))) !== w.challenge) continue;
    b.form.elements.work.value = btoa(JSON.stringify({ ...w, number }));
    setTimeout(() => b.disabled = false, 10000);
    return b.form.submit();
  }
};
