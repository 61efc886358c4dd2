// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The state of the page and the fragment of its address, each made from the other.

const DEFAULT_SORT = 'state';

// What is asked for: search words, filters, minor versions, order, the host whose detail is open.
function readAddress(fragment) {
    const fields = new URLSearchParams(fragment.replace(/^#/, ''));
    const list = (name) => new Set((fields.get(name) || '').split(',').filter(Boolean));
    const wanted = fields.get('sort') || DEFAULT_SORT;
    const name = wanted.replace(/^-/, '');
    const known = COLUMNS.some((column) => column.name === name);
    return {
        query: fields.get('q') || '',
        filters: list('f'),
        minors: list('m'),
        sort: known ? name : DEFAULT_SORT,
        descending: known && wanted.startsWith('-'),
        host: fields.get('host'),
    };
}

function writtenAddress(state) {
    const sort = (state.descending ? '-' : '') + state.sort;
    const list = (names) => [...names].map(encode).join(',');
    const fields = [
        ['q', encode(state.query)],
        ['f', list(state.filters)],
        ['m', list(state.minors)],
        ['sort', sort === DEFAULT_SORT ? '' : sort],
        ['host', encode(state.host || '')],
    ];
    const written = fields.filter(([, value]) => value !== '').map(([name, value]) => `${name}=${value}`);
    return written.length > 0 ? `#${written.join('&')}` : '';
}

// A half character, which a damaged host may have sent, cannot be encoded.
function encode(text) {
    return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
}

function showAddress(state) {
    const address = location.href.replace(/#.*$/s, '') + writtenAddress(state);
    if (address === location.href) {
        return;
    }
    try {
        history.replaceState(null, '', address);
    } catch {
        // A preview within a mail program may forbid it; the page works all the same.
    }
}
