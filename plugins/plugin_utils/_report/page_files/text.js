// Copyright: the fleet.python contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Words: how texts, dates, sizes and versions are shown, and how they sort.

// As visible() in page.py: what a browser would obey in place of showing it.
const UNSEEN =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/g;
// With the flag u a half character matches, and a whole pair does not.
const UNSEEN_ONE = new RegExp(UNSEEN.source, 'gu');

function visible(text) {
    return String(text).replace(UNSEEN_ONE, (character) => {
        const number = character.codePointAt(0);
        return number < 0x100 ? `\\x${number.toString(16).padStart(2, '0')}` : `\\u${number.toString(16)}`;
    });
}

// The lines of a text of several lines, each of them visible.
function visibleLines(text) {
    return String(text)
        .split(/\r?\n/)
        .map((line) => visible(line))
        .filter((line) => line !== '');
}

// A text that sorts as people count: web2 before web10, 3.9 before 3.13, 3.14.0rc1 before 3.14.0.
function natural(text) {
    return `${text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(10, '0'))}`;
}

function versionKey(version) {
    return `${natural(version)}~`;
}

function plural(number, one, many) {
    return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

function bytes(number) {
    const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    let value = number;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function moment(text) {
    return visible(text).replace('T', ' ').replace('Z', ' UTC');
}

const SUPPORT_WORDS = {
    end_of_life: 'end of life',
    security: 'security fixes',
    feature: 'in development',
    bugfix: 'bug fixes',
    unknown: 'unknown',
};
// From the worst on; support() in support.py says which there are.
const SUPPORT_ORDER = ['end_of_life', 'unknown', 'security', 'bugfix', 'feature'];

function supportWords(support) {
    const words = SUPPORT_WORDS[support.state] || visible(support.state);
    if (support.state === 'end_of_life') {
        return support.ends ? `${words} since ${visible(support.ends)}` : words;
    }
    return support.until ? `${words} until ${visible(support.until)}` : words;
}

// The same for a narrow column.
function supportShort(support) {
    return supportWords(support).replace('security fixes', 'security').replace(' since ', ' ');
}

// From the worst on: whom nobody could look at, then by findings, as by_worst() in gather.py.
const FINDING_WORDS = {
    unreachable: 'unreachable',
    refused: 'refused',
    not_looked_at: 'not looked at',
    damaged: 'damaged',
    affected: 'affected',
    end_of_life: 'end of life',
    drifted: 'drifted',
    behind: 'behind',
    leftovers: 'leftovers',
    none: 'no Python',
    ok: 'ok',
};
const FINDING_ORDER = Object.keys(FINDING_WORDS);

// An element with attributes and children. Texts become text nodes: no data is ever read as markup.
function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
}
