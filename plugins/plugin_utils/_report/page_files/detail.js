// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The detail of a host: everything that the report knows of it.

const LOCK_WORDS = {
    pinned: 'as the lock says',
    other_build: 'another build than the lock says',
    extra: 'not in the lock',
    kept: 'not in the lock, kept',
};
const STARTS_WORDS = new Map([
    [true, 'yes'],
    [false, 'no'],
    [null, 'not tried'],
]);

function part(title, ...children) {
    return element('section', {}, element('h3', {}, title), ...children);
}

// Names and values, without those that are not known.
function facts(pairs) {
    const list = element('dl', { class: 'facts' });
    for (const [name, value, kind] of pairs) {
        if (value !== null && value !== undefined && value !== '') {
            const shownValue = value instanceof Node ? value : visible(value);
            list.append(
                element('div', kind ? { class: kind } : {}, element('dt', {}, name), element('dd', {}, shownValue)),
            );
        }
    }
    return list;
}

function listed(items, kind = 'plain-list') {
    return element('ul', { class: kind }, ...items.map((item) => element('li', {}, item)));
}

function textBlock(text) {
    return element('div', {}, ...visibleLines(text).map((line) => element('p', { class: 'said' }, line)));
}

function advisoryItem(name) {
    const { summary = '', url = '' } = report.known[name] || {};
    const item = document.createDocumentFragment();
    // A link of another kind than https could run a script.
    if (/^https:\/\//.test(url)) {
        item.append(element('a', { href: url, rel: 'noopener noreferrer', target: '_blank' }, visible(name)));
    } else {
        item.append(element('strong', {}, visible(name)));
    }
    item.append(summary ? ` ${visible(summary)}` : '');
    return item;
}

function homeFacts({ build, ...home }) {
    const patch = build.behind ? `${visible(build.newest)}, this one is behind` : build.newest;
    return facts([
        ['Links', home.linkedBy.map(visible).join(', ') || 'none', ''],
        ['Before the switch of', home.previousOf.map(visible).join(', ')],
        ['Support', build.support ? supportWords(build.support) : ''],
        ['End of life', build.support ? build.support.ends : ''],
        ['Newest patch', patch],
        ['Lock', report.locked && build.lock ? LOCK_WORDS[build.lock] || build.lock : ''],
        ['Starts', STARTS_WORDS.get(home.starts)],
        ['Processes', number(home.processes)],
        ['Size', home.size === null ? '' : bytes(home.size)],
        ['Installed', home.installed ? moment(home.installed) : ''],
        ['Release', build.release],
        ['Flavor', build.flavor],
        ['Build', build.build],
        ['CPU level', build.level ? `x86-64-v${build.level}` : ''],
        ['Triple', build.triple, 'long'],
        ['Asset', build.asset, 'whole'],
        ['SHA-256', build.sha256, 'whole'],
        ['Source', build.source, 'whole'],
        ['Built by', build.attestation ? build.attestation.run : '', 'whole'],
        ['From commit', build.attestation ? build.attestation.commit : '', 'whole'],
    ]);
}

function homeSection(home) {
    const { build } = home;
    const title = build.version === null ? 'Python with a damaged receipt' : `Python ${visible(build.version)}`;
    const made = element('section', { class: 'home' }, element('h3', {}, title));
    made.append(element('p', { class: 'path' }, visible(home.home)));
    if (home.damage) {
        made.append(element('div', { class: 'warning' }, element('strong', {}, 'Damaged'), textBlock(home.damage)));
    }
    made.append(homeFacts(home));
    const libraries = Object.entries(build.libraries || {}).filter(([, version]) => version);
    if (libraries.length > 0) {
        const items = libraries.map(([name, version]) => `${visible(name)} ${visible(version)}`);
        made.append(element('h4', {}, 'Libraries within'), listed(items, 'chips'));
    }
    if (report.advised && (build.advisories || []).length > 0) {
        made.append(element('h4', {}, plural(build.advisories.length, 'advisory', 'advisories')));
        made.append(listed(build.advisories.map(advisoryItem)));
    }
    return made;
}

function hostFacts(host) {
    const { platform } = host;
    const [sent, pulled, deltas] = host.transfers;
    return facts([
        ['System', platform ? platform.system : ''],
        ['Platform', platformWords(host)],
        ['CPU level', platform?.level ? `x86-64-v${platform.level}` : ''],
        ['Root', host.root],
        ['Sent to it in this run', sent === undefined ? '' : bytes(sent)],
        ['Downloaded by it in this run', pulled === undefined ? '' : bytes(pulled)],
        ['Builds that came as a delta', deltas === undefined ? '' : number(deltas)],
        ['Advisories', report.advised ? '' : 'not looked for'],
    ]);
}

function detailOf(host) {
    const made = document.createDocumentFragment();
    const said = host.findings.length > 0 ? host.findings : [worst(host)];
    const words = (name) => FINDING_WORDS[name] || visible(name);
    made.append(
        element(
            'p',
            { class: 'badges' },
            ...said.map((name) => element('span', { class: `badge ${name}` }, words(name))),
        ),
    );
    if (host.reason) {
        made.append(element('div', { class: 'warning' }, textBlock(host.reason)));
    }
    made.append(hostFacts(host));
    if (host.state === 'looked_at' && host.homes.length === 0) {
        made.append(element('p', { class: 'nothing' }, 'No Python of ours is installed.'));
    }
    made.append(...inOrder(host.homes).map(homeSection));
    if (report.locked && host.drift.length > 0) {
        made.append(part('Drift from the lock', listed(host.drift.map(visible))));
    }
    if (report.locked && host.missing.length > 0) {
        const items = host.missing.map(({ request, asset }) => `${visible(request)}: ${visible(asset)}`);
        made.append(part('In the lock and not installed', listed(items)));
    }
    if (host.others.length > 0) {
        made.append(part('Other Pythons', listed(host.others.map(otherItem))));
    }
    if (host.leftovers.length > 0) {
        made.append(part('Leftovers', listed(host.leftovers.map(({ path, what }) => pathItem(path, visible(what))))));
    }
    return made;
}

function otherItem({ path, version, support }) {
    const state = support ? `, ${supportWords(support)}` : '';
    return pathItem(path, `${version ? visible(version) : 'version unknown'}${state}`);
}

function pathItem(path, words) {
    const item = document.createDocumentFragment();
    item.append(element('code', {}, visible(path)), ` ${words}`);
    return item;
}

const dialog = document.getElementById('detail');

function openDetail(host) {
    document.getElementById('detail-title').textContent = visible(host.host);
    const body = document.getElementById('detail-body');
    body.replaceChildren(detailOf(host));
    if (!dialog.open) {
        dialog.showModal();
    }
    body.scrollTop = 0;
    document.getElementById('detail-title').focus();
}

function startDetail(onClose) {
    document.getElementById('close').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
        // A click beside it is on the dialog itself: what is in it fills it.
        if (event.target === dialog) {
            dialog.close();
        }
    });
    dialog.addEventListener('close', onClose);
}
