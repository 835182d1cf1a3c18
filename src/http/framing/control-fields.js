/** The fields that frame a message and control its connection (RFC 9112 sections 6 and 9). */
import { isName, reduceFields } from '../header-list.js';
export class ControlFields {
    /** How many there are, and the last one. */
    lengths = 0;
    length = '';
    codings = 0;
    coding = '';
    /** Connection options (RFC 9110 section 7.6.1). */
    hasClose = false;
    hasKeepAlive = false;
    hasUpgrade = false;
    /** All values of Upgrade, joined (RFC 9110 sections 5.3 and 7.8). */
    protocol;
    /** All values of Expect, joined (RFC 9110 section 10.1.1). */
    expect;
    keepAlive;
    static of(fields) {
        return reduceFields(fields, readField, new ControlFields());
    }
    /** By length: of an ordinary message two or three names are compared. */
    read(name, value) {
        switch (name.length) {
            case 6:
                if (isName(name, 'expect'))
                    this.expect = join(this.expect, value);
                return;
            case 7:
                if (isName(name, 'upgrade'))
                    this.protocol = join(this.protocol, value);
                return;
            case 10:
                this.#readConnection(name, value);
                return;
            case 14:
                if (isName(name, 'content-length'))
                    this.#readLength(value);
                return;
            case 17:
                if (isName(name, 'transfer-encoding'))
                    this.#readCoding(value);
        }
    }
    #readConnection(name, value) {
        if (isName(name, 'keep-alive'))
            this.keepAlive = join(this.keepAlive, value);
        if (!isName(name, 'connection'))
            return;
        for (const option of value.toLowerCase().split(',')) {
            const trimmed = option.trim();
            if (trimmed === 'close')
                this.hasClose = true;
            else if (trimmed === 'keep-alive')
                this.hasKeepAlive = true;
            else if (trimmed === 'upgrade')
                this.hasUpgrade = true;
        }
    }
    #readLength(value) {
        this.lengths += 1;
        this.length = value;
    }
    #readCoding(value) {
        this.codings += 1;
        this.coding = value;
    }
    /** RFC 9112 section 9.3. */
    isPersistent(minor) {
        return !this.hasClose && (minor === 1 || this.hasKeepAlive);
    }
}
function readField(control, name, value) {
    control.read(name, value);
    return control;
}
function join(before, value) {
    return before === undefined ? value : `${before}, ${value}`;
}
