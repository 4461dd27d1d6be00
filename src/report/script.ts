/**
 * What the page does where scripts run: a slider in place of a corner to pull, rows to choose for it, and buttons that
 * copy commands. It reads nothing but the page.
 */
export const SCRIPT = `'use strict';
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

for (const figure of document.querySelectorAll('[data-overlay]')) {
  const [under, over] = figure.querySelectorAll('img');
  const curtain = figure.querySelector('.curtain');
  const rows = [...document.querySelectorAll('.strips > li')].map(row => ({
    name: row.querySelector('.name').textContent,
    image: row.querySelector('img')
  }));
  const uncover = share => { curtain.style.width = share + '%'; };
  const slider = make('input', { type: 'range', min: 0, max: 100, value: 50 });
  slider.addEventListener('input', () => uncover(slider.value));
  const choose = (image, start) => {
    const select = make('select', {}, ...rows.map((row, i) => make('option', { value: i, textContent: row.name, selected: i === start })));
    select.addEventListener('change', () => {
      image.src = rows[select.value].image.src;
      image.alt = rows[select.value].name;
    });
    return select;
  };
  figure.querySelector('figcaption').replaceWith(make('figcaption', {},
    make('label', {}, 'Left: ', choose(over, 1)), ' ',
    make('label', {}, 'Right: ', choose(under, 0)), ' ',
    make('label', { className: 'slider' }, 'Divider ', slider)));
  figure.classList.add('scripted');
  uncover(50);
}

for (const shell of document.querySelectorAll('pre.shell')) {
  const button = make('button', { type: 'button', className: 'copy', textContent: 'Copy' });
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(shell.querySelector('code').textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(shell.querySelector('code'));
    }
  });
  const holder = make('div', { className: 'holder' });
  shell.replaceWith(holder);
  holder.append(shell, button);
}
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details.more')) details.open = true;
});
`
