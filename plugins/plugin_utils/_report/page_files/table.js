// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The table: only the rows in view are in the document, all of the same height.

const box = document.getElementById('box');
const table = document.getElementById('table');
const rows = document.getElementById('rows');
// Rows beyond the edges, so that the Tab key and a quick hand find one there.
const BEYOND = 8;
const spaceAbove = spacer();
const spaceBelow = spacer();
// The rows in the document, by their place in what is shown.
const present = new Map();
let shown = [];
let rowHeight = 36;
let printing = false;

function spacer() {
    const cell = element('td', { colspan: COLUMNS.length });
    return { row: element('tr', { class: 'space', 'aria-hidden': 'true' }, cell), cell };
}

function drawHead(onSort) {
    const head = element('tr', { 'aria-rowindex': 1 });
    const whole = sum(COLUMNS.map((column) => column.width));
    for (const column of COLUMNS) {
        const button = element('button', { type: 'button', 'data-sort': column.name }, column.title);
        button.append(element('span', { class: 'way', 'aria-hidden': 'true' }));
        button.addEventListener('click', () => onSort(column));
        head.append(element('th', { scope: 'col', class: columnClass(column) }, button));
        const width = element('col');
        // In percent: on paper the table is narrower than on any screen.
        width.style.width = `${(100 * column.width) / whole}%`;
        document.getElementById('widths').append(width);
    }
    table.style.setProperty('--least-width', `${whole}rem`);
    document.getElementById('head').append(head);
}

function columnClass(column) {
    return `column-${column.name}${column.number ? ' number' : ''}`;
}

function markSort(state) {
    for (const button of table.querySelectorAll('thead button')) {
        const sorted = button.dataset.sort === state.sort;
        const way = state.descending ? 'descending' : 'ascending';
        button.parentElement.setAttribute('aria-sort', sorted ? way : 'none');
    }
}

function drawRow(host, place) {
    const row = element('tr', { 'aria-rowindex': place + 2, 'data-place': place });
    const told = host.state !== 'looked_at' && host.reason !== '';
    for (const column of told ? COLUMNS.slice(0, 2) : COLUMNS) {
        const words = column.words(host);
        if (column.name === 'host') {
            const button = element('button', { type: 'button', class: 'host', title: words }, words);
            row.append(element('th', { scope: 'row', class: columnClass(column) }, button));
        } else if (column.name === 'state') {
            const badge = element('span', { class: `badge ${worst(host)}` }, words);
            row.append(element('td', { class: columnClass(column) }, badge));
        } else {
            const zero = words === '0' ? ' zero' : '';
            row.append(element('td', { class: columnClass(column) + zero, title: words }, words));
        }
    }
    if (told) {
        const words = visibleLines(host.reason).join(' ');
        row.append(element('td', { class: 'reason', colspan: COLUMNS.length - 2, title: words }, words));
    }
    return row;
}

function showHosts(hosts) {
    shown = hosts;
    present.clear();
    rows.replaceChildren(spaceAbove.row, spaceBelow.row);
    table.setAttribute('aria-rowcount', hosts.length + 1);
    // The box grows to what is in it, and its height says how many rows are in view.
    setSpace(spaceBelow, hosts.length * rowHeight);
    drawView();
}

function viewed() {
    if (printing) {
        return [0, shown.length];
    }
    const first = Math.floor(box.scrollTop / rowHeight) - BEYOND;
    const count = Math.ceil(box.clientHeight / rowHeight) + 2 * BEYOND;
    const start = Math.max(0, Math.min(first, shown.length - count));
    return [start, Math.min(shown.length, start + count)];
}

// Bring the document to what is in view. A row that stays is left alone: it may have the focus.
function drawView() {
    const [start, end] = viewed();
    for (const [place, row] of present) {
        if (place < start || place >= end) {
            row.remove();
            present.delete(place);
        }
    }
    let after = spaceBelow.row;
    for (let place = end - 1; place >= start; place -= 1) {
        let row = present.get(place);
        if (!row) {
            row = drawRow(shown[place], place);
            present.set(place, row);
            after.before(row);
        }
        after = row;
    }
    setSpace(spaceAbove, start * rowHeight);
    setSpace(spaceBelow, (shown.length - end) * rowHeight);
}

function setSpace(space, height) {
    space.row.hidden = height === 0;
    space.cell.style.height = `${height}px`;
}

function focusHost(host) {
    const place = shown.indexOf(host);
    if (place < 0) {
        box.focus();
        return;
    }
    focusPlace(place);
}

function focusPlace(place) {
    const head = table.tHead.offsetHeight;
    const top = place * rowHeight;
    if (top < box.scrollTop) {
        box.scrollTop = top;
    } else if (top + rowHeight + head > box.scrollTop + box.clientHeight) {
        box.scrollTop = top + rowHeight + head - box.clientHeight;
    }
    drawView();
    const row = present.get(place);
    if (row) {
        row.querySelector('button').focus({ preventScroll: true });
    }
}

function hostOf(target) {
    const row = target.closest('tr[data-place]');
    return row ? shown[Number(row.dataset.place)] : null;
}

function moveByKey(event) {
    const row = event.target.closest('tr[data-place]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) {
        return;
    }
    const page = Math.max(1, Math.floor(box.clientHeight / rowHeight) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown.length, End: shown.length };
    if (event.key in steps) {
        event.preventDefault();
        const place = Number(row.dataset.place) + steps[event.key];
        focusPlace(Math.max(0, Math.min(shown.length - 1, place)));
    }
}

function print(now) {
    printing = now;
    document.documentElement.classList.toggle('printing', now);
    drawView();
}

function startTable(onSort, onOpen) {
    drawHead(onSort);
    let waiting = false;
    const redraw = () => {
        if (!waiting) {
            waiting = true;
            requestAnimationFrame(() => {
                waiting = false;
                drawView();
            });
        }
    };
    box.addEventListener('scroll', redraw, { passive: true });
    new ResizeObserver(redraw).observe(box);
    window.addEventListener('beforeprint', () => print(true));
    window.addEventListener('afterprint', () => print(false));
    rows.addEventListener('keydown', moveByKey);
    rows.addEventListener('click', (event) => {
        const host = hostOf(event.target);
        // Who marks text in a row wants to copy it.
        if (host && String(window.getSelection()) === '') {
            onOpen(host);
        }
    });
    rowHeight = Number.parseFloat(getComputedStyle(table).getPropertyValue('--row-height')) || rowHeight;
}
