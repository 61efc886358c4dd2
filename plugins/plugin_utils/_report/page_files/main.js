// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The page: one state, which the address keeps and every control changes.

const byName = new Map(report.hosts.map((host) => [host.host, host]));
const search = document.getElementById('search');
const toggles = [...document.querySelectorAll('button[aria-pressed]')];
let state = readAddress(location.hash);
let opened = null;

function draw() {
    const hosts = selected(state);
    markSort(state);
    showHosts(hosts);
    const all = plural(report.hosts.length, 'host', 'hosts');
    const words = hosts.length === report.hosts.length ? all : `${hosts.length.toLocaleString('en')} of ${all}`;
    document.getElementById('shown').textContent = words;
    for (const toggle of toggles) {
        toggle.setAttribute('aria-pressed', String(setOf(toggle).has(nameOf(toggle))));
    }
    const plain = state.query === '' && state.filters.size === 0 && state.minors.size === 0;
    document.getElementById('clear').hidden = plain;
}

const setOf = (toggle) => ('filter' in toggle.dataset ? state.filters : state.minors);
const nameOf = (toggle) => toggle.dataset.filter || toggle.dataset.minor;

function changed() {
    box.scrollTop = 0;
    draw();
    keep();
}

// A browser takes only so many changes of the address in a while: none for each key press.
let keeping = 0;
function keep() {
    clearTimeout(keeping);
    keeping = setTimeout(() => showAddress(state), 150);
}

function flip(toggle) {
    const names = setOf(toggle);
    const name = nameOf(toggle);
    if (!names.delete(name)) {
        names.add(name);
    }
    changed();
}

function sortBy(column) {
    // The greatest numbers first, and names from A on; then the other way.
    const again = state.sort === column.name;
    state.descending = again ? !state.descending : Boolean(column.number);
    state.sort = column.name;
    changed();
}

function clear() {
    state.query = '';
    search.value = '';
    state.filters.clear();
    state.minors.clear();
    changed();
    search.focus();
}

function open(host) {
    opened = host;
    state.host = host.host;
    openDetail(host);
    keep();
}

function closed() {
    const host = opened;
    opened = null;
    state.host = null;
    keep();
    if (host) {
        focusHost(host);
    }
}

// Bring the page to what its address says: at the start, and where somebody changes it.
function restore() {
    state = readAddress(location.hash);
    search.value = state.query;
    box.scrollTop = 0;
    draw();
    const host = byName.get(state.host);
    if (host) {
        open(host);
    } else {
        state.host = null;
        dialog.close();
    }
}

async function copyLink() {
    showAddress(state);
    let words = 'Link copied';
    try {
        await navigator.clipboard.writeText(location.href);
    } catch {
        words = copiedOldWay() ? words : 'Copy it from the address bar';
    }
    const button = document.getElementById('copy');
    button.textContent = words;
    setTimeout(() => {
        button.textContent = 'Copy link';
    }, 2000);
}

// Where the page is no secure context, as on a plain http server.
function copiedOldWay() {
    const field = element('textarea', { class: 'for-readers', 'aria-hidden': 'true' });
    field.value = location.href;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    document.getElementById('copy').focus();
    return done;
}

// The texts that are searched, some at a time, so that the first key press has not to wait for them.
function prepare() {
    if (!prepareSearch(200)) {
        (window.requestIdleCallback || setTimeout)(prepare);
    }
}

document.getElementById('hosts').hidden = false;
startTable(sortBy, open);
startDetail(closed);
search.addEventListener('input', () => {
    state.query = search.value;
    changed();
});
document.getElementById('clear').addEventListener('click', clear);
document.getElementById('copy').addEventListener('click', copyLink);
for (const toggle of toggles) {
    toggle.addEventListener('click', () => flip(toggle));
}
window.addEventListener('hashchange', restore);
restore();
prepare();
