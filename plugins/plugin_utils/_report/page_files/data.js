// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The report as page.py embeds it, with its tables put back in their places.

function readReport() {
    const data = JSON.parse(document.getElementById('data').textContent);
    const { texts, builds } = data;
    const home = (row) => ({
        home: texts[row[0]],
        build: builds[row[1]],
        installed: row[2],
        linkedBy: row[3],
        previousOf: row[4],
        processes: row[5],
        size: row[6],
        damage: texts[row[7]],
        starts: row[8],
    });
    const host = (row, index) => ({
        index,
        host: row[0],
        state: row[1],
        reason: texts[row[2]],
        findings: row[3],
        root: texts[row[4]],
        platform: data.platforms[row[5]] || null,
        homes: row[6].map(home),
        drift: row[7].map((place) => texts[place]),
        missing: row[8].map((place) => data.missing[place]),
        others: row[9].map((place) => data.others[place]),
        leftovers: row[10].map((place) => data.leftovers[place]),
        transfers: row[11] || [],
    });
    return { locked: data.locked, advised: data.advised, known: data.known, hosts: data.hosts.map(host) };
}

const report = readReport();

// The worst that is to be said of a host.
function worst(host) {
    if (host.findings.length > 0) {
        return host.findings[0];
    }
    if (host.state !== 'looked_at') {
        return host.state;
    }
    return host.homes.length > 0 ? 'ok' : 'none';
}

// The homes in the order in which they are named: linked ones first, then by version from the newest on.
function inOrder(homes) {
    const key = (home) => versionKey(home.build.version || '');
    const linked = (home) => (home.linkedBy.length > 0 ? 1 : 0);
    return [...homes].sort((a, b) => linked(b) - linked(a) || compare(key(b), key(a)));
}

function compare(a, b) {
    if (a < b) {
        return -1;
    }
    return a > b ? 1 : 0;
}

function advisoriesOf(host) {
    return new Set(host.homes.flatMap((home) => home.build.advisories || []));
}

function sum(numbers) {
    return numbers.reduce((total, number) => total + (number || 0), 0);
}
