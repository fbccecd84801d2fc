import { Migration } from '@mikro-orm/migrations';
import { nameKey } from '../../../platform/input/clean-text.ts';

/**
 * Compares the names of channels by what can be seen of them. Of channels of a project that look the same, the oldest
 * keeps the key; the others keep their names, and get keys that no name has.
 */
export class Migration0003NameKeys extends Migration {
  override async up(): Promise<void> {
    const channels = (await this.execute(
      'select id, project_id, name, name_key from chat.channel order by created_at, id',
    )) as { id: string; project_id: string; name: string; name_key: string }[];
    const taken = new Set<string>();
    for (const { id, project_id, name, name_key } of channels) {
      const key = nameKey(name);
      const isTaken = taken.has(`${project_id} ${key}`);
      taken.add(`${project_id} ${key}`);
      const next = isTaken ? `${key}\n${id}` : key;
      if (next !== name_key)
        await this.execute('update chat.channel set name_key = ? where id = ?', [next, id]);
    }
  }

  /** The key as it was before: in the form NFC and in lower case. */
  override async down(): Promise<void> {
    const channels = (await this.execute('select id, name from chat.channel')) as {
      id: string;
      name: string;
    }[];
    for (const { id, name } of channels) {
      const key = name.normalize('NFC').toLowerCase();
      await this.execute('update chat.channel set name_key = ? where id = ?', [key, id]);
    }
  }
}
