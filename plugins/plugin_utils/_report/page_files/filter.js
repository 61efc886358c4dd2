// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Which hosts are shown, and in which order.

const FILTERS = {
    damaged: (host) => host.findings.includes('damaged'),
    affected: (host) => host.findings.includes('affected'),
    eol: (host) => host.findings.includes('end_of_life'),
    drifted: (host) => host.findings.includes('drifted'),
    behind: (host) => host.findings.includes('behind'),
    leftovers: (host) => host.findings.includes('leftovers'),
    unreachable: (host) => host.state === 'unreachable',
    refused: (host) => host.state === 'refused',
    unseen: (host) => host.state === 'not_looked_at',
};

function hasMinor(host, minor) {
    if (minor === 'none') {
        return host.state === 'looked_at' && host.homes.length === 0;
    }
    return host.homes.some((home) => home.build.minor === minor);
}

// What is searched of each host; made at the first search or while the browser has nothing to do.
const searchTexts = [];
const buildTexts = new Map();

function buildText(build) {
    if (!buildTexts.has(build)) {
        const libraries = Object.entries(build.libraries || {}).map(([name, version]) => `${name} ${version}`);
        const support = build.support ? [supportWords(build.support)] : [];
        const words = [
            build.version,
            build.release,
            build.triple,
            build.flavor,
            build.build,
            build.asset,
            build.sha256,
        ];
        words.push(...libraries, ...support, ...(build.advisories || []));
        buildTexts.set(build, words.filter(Boolean).join('\n').toLowerCase());
    }
    return buildTexts.get(build);
}

function searchText(host) {
    const { platform } = host;
    const words = [host.host, FINDING_WORDS[worst(host)], host.reason, host.root, ...host.drift];
    if (platform) {
        words.push(platform.system, `${platform.arch} ${platform.libc} ${platform.libc_version}`);
    }
    for (const home of host.homes) {
        words.push(home.home, home.damage, ...home.linkedBy);
    }
    words.push(...host.others.map((other) => `${other.path} ${other.version}`));
    words.push(...host.leftovers.map((leftover) => leftover.path));
    const builds = [...new Set(host.homes.map((home) => home.build))].map(buildText);
    // What is typed can be copied from the page, where a control character is spelled.
    const own = words.join('\n');
    const spelled = UNSEEN.test(own.replaceAll('\n', '')) ? [words.map(visible).join('\n')] : [];
    UNSEEN.lastIndex = 0;
    return [own, ...spelled].join('\n').toLowerCase().concat('\n', builds.join('\n'));
}

// Make the texts of some more hosts; return whether all are made.
function prepareSearch(count) {
    const end = Math.min(report.hosts.length, searchTexts.length + count);
    while (searchTexts.length < end) {
        searchTexts.push(searchText(report.hosts[searchTexts.length]));
    }
    return end === report.hosts.length;
}

// The hosts by a column. A host's key is made once, the order once for each column.
const orders = new Map();

function ordered(name, descending) {
    const known = `${descending ? '-' : ''}${name}`;
    if (!orders.has(known)) {
        const { key } = COLUMNS.find((column) => column.name === name);
        const keyed = report.hosts.map((host) => ({ host, key: key(host), name: natural(host.host) }));
        const way = descending ? -1 : 1;
        keyed.sort((a, b) => byKey(a.key, b.key, way) || compare(a.name, b.name));
        orders.set(
            known,
            keyed.map(({ host }) => host),
        );
    }
    return orders.get(known);
}

// Who has nothing to be sorted by comes last, whichever way.
function byKey(a, b, way) {
    const nothing = (key) => key === null || key === '';
    if (nothing(a) || nothing(b)) {
        return Number(nothing(a)) - Number(nothing(b));
    }
    return way * compare(a, b);
}

function selected(state) {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = [...state.filters].map((name) => FILTERS[name]).filter(Boolean);
    tests.push(...[...state.minors].map((minor) => (host) => hasMinor(host, minor)));
    if (words.length > 0) {
        prepareSearch(report.hosts.length);
        tests.push((host) => words.every((word) => searchTexts[host.index].includes(word)));
    }
    return ordered(state.sort, state.descending).filter((host) => tests.every((test) => test(host)));
}
