// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The columns of the table: what each shows of a host, and what it sorts by (null: nothing, always last).

// The state of support that is worst among a host's homes, with the date that comes first.
function worstSupport(host) {
    const key = (support) => `${supportRank(support)} ${support.until || support.ends || '9999'}`;
    const all = host.homes.map((home) => home.build.support).filter((support) => support);
    return all.sort((a, b) => compare(key(a), key(b)))[0] || null;
}

function supportRank(support) {
    const place = SUPPORT_ORDER.indexOf(support.state);
    return place < 0 ? SUPPORT_ORDER.length : place;
}

function behindOf(host) {
    return [...new Set(host.homes.filter((home) => home.build.behind).map((home) => home.build.newest))].filter(
        Boolean,
    );
}

function opensslOf(host) {
    const all = host.homes.map((home) => home.build.libraries?.openssl).filter(Boolean);
    return [...new Set(all)].sort((a, b) => compare(versionKey(a), versionKey(b)));
}

function levelWords(host) {
    const cpu = host.platform ? host.platform.level : null;
    const builds = host.homes.map((home) => home.build.level).filter(Boolean);
    const least = builds.length > 0 ? Math.min(...builds) : null;
    if (cpu === null) {
        return least === null ? '' : `v${least}`;
    }
    return least === null || least === cpu ? `v${cpu}` : `v${least} of v${cpu}`;
}

function versions(host) {
    return inOrder(host.homes).map((home) => home.build.version);
}

function newestWords(host) {
    const behind = behindOf(host);
    if (behind.length > 0) {
        return `behind ${behind.map(visible).join(', ')}`;
    }
    return host.homes.some((home) => home.build.newest) ? 'up to date' : '';
}

function platformWords({ platform }) {
    return platform ? [platform.arch, platform.libc, platform.libc_version].filter(Boolean).map(visible).join(' ') : '';
}

// A number, or nothing where nobody looked.
function counted(host, number) {
    return host.state === 'looked_at' ? number : null;
}

function number(value) {
    return value === null ? '' : value.toLocaleString('en');
}

const driftOf = (host) => counted(host, host.drift.length + host.missing.length);
const adviceOf = (host) => counted(host, advisoriesOf(host).size);
const processesOf = (host) => counted(host, sum(host.homes.map((home) => home.processes)));

function sizeOf(host) {
    const sizes = host.homes.map((home) => home.size).filter((size) => size !== null);
    return sizes.length > 0 ? sum(sizes) : null;
}

// Widths are in rem: less than their sum the table is not wide, but on paper.
const ALL_COLUMNS = [
    {
        name: 'host',
        title: 'Host',
        width: 11.2,
        words: (host) => visible(host.host),
        key: (host) => natural(host.host),
    },
    {
        name: 'state',
        title: 'State',
        width: 7.3,
        words: (host) => FINDING_WORDS[worst(host)] || visible(worst(host)),
        key: (host) => {
            const place = FINDING_ORDER.indexOf(worst(host));
            return place < 0 ? FINDING_ORDER.length : place;
        },
    },
    {
        name: 'platform',
        title: 'Platform',
        width: 8.6,
        words: platformWords,
        key: (host) => natural(platformWords(host)) || null,
    },
    {
        name: 'level',
        title: 'Level',
        width: 4.3,
        words: levelWords,
        key: (host) => levelWords(host) || null,
    },
    {
        name: 'python',
        title: 'Interpreters',
        width: 7.8,
        words: (host) =>
            versions(host)
                .map((version) => (version === null ? 'unreadable' : visible(version)))
                .join(', '),
        key: (host) => {
            const known = versions(host).filter(Boolean);
            return known.length > 0 ? known.map(versionKey).join(' ') : null;
        },
    },
    {
        name: 'support',
        title: 'Support',
        width: 11.5,
        words: (host) => {
            const support = worstSupport(host);
            return support ? supportShort(support) : '';
        },
        key: (host) => {
            const support = worstSupport(host);
            return support ? `${supportRank(support)} ${support.ends || '9999'} ${support.until || ''}` : null;
        },
    },
    {
        name: 'newest',
        title: 'Newest patch',
        width: 7.5,
        words: newestWords,
        key: (host) => {
            const behind = behindOf(host);
            return behind.length > 0 ? `0 ${behind.map(versionKey).join(' ')}` : newestWords(host) && '1';
        },
    },
    {
        name: 'openssl',
        title: 'OpenSSL',
        width: 5.9,
        words: (host) => opensslOf(host).map(visible).join(', '),
        key: (host) => opensslOf(host).map(versionKey).join(' ') || null,
    },
    { name: 'drift', title: 'Drift', width: 3.6, number: true, words: (host) => number(driftOf(host)), key: driftOf },
    {
        name: 'advisories',
        title: 'Advisories',
        width: 6,
        number: true,
        words: (host) => number(adviceOf(host)),
        key: adviceOf,
    },
    {
        name: 'processes',
        title: 'Processes',
        width: 5.9,
        number: true,
        words: (host) => number(processesOf(host)),
        key: processesOf,
    },
    {
        name: 'size',
        title: 'Size',
        width: 4.7,
        number: true,
        words: (host) => (sizeOf(host) === null ? '' : bytes(sizeOf(host))),
        key: sizeOf,
    },
];

// Nothing is said of what nobody looked for.
const COLUMNS = ALL_COLUMNS.filter(
    ({ name }) => (name !== 'drift' || report.locked) && (name !== 'advisories' || report.advised),
);
