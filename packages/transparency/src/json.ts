import { JsonForm as Form } from '@coffer/wire';
import { TransparencyError, type TransparencyErrorCode } from './errors.js';

/** Reads the values of one kind of document; every mismatch throws its code. */
export class JsonForm extends Form {
  constructor(code: TransparencyErrorCode) {
    super((what, cause) => new TransparencyError(code, what, cause === undefined ? undefined : { cause }));
  }
}
