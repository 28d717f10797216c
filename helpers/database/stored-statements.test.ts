import { loadModule } from 'libpg-query'
import { beforeAll, expect, test } from 'vitest'
import { findDynamic } from './stored-statements.ts'

beforeAll(() => loadModule())

const made = (body: string, declared = ''): string =>
  `create function f(given text, target regclass) returns setof text language plpgsql as $$ declare made text; ${declared} begin ${body} end $$`

test.each([
  ['a sum', "execute 'select ' || given;", 'given'],
  ['a variable', "made := 'select ' || given; execute made;", 'given'],
  ['a variable that is added to', "made := 'select 1'; made := made || given; execute made;", 'given'],
  ['%s', "execute format('select %I, %s', given, given);", 'given'],
  ['a returned query', "return query execute 'select ' || given;", 'given'],
  ['a loop', "for made in execute 'select ' || lower(given) loop end loop;", 'given'],
  ['a field of a row', "execute 'select ''' || new.service || '''';", 'new.service'],
  ['what a query filled', 'select name into made from t; execute made;', 'made'],
])('finds a part that may be any text: %s', (_, body, part) => {
  expect(findDynamic(made(body, 'new record;')).map((found) => found.part)).toContain(part)
})

test.each([
  ['a constant', "execute 'select 1';"],
  ['values apart', "execute 'select $1' using given;"],
  ['%I and %L', "execute format('select %L from %I', given, given);"],
  ['quoted parts', "execute 'select ' || quote_literal(given) || ' from ' || quote_ident(given);"],
  ['a table', "execute format('lock table %s', target); execute 'lock table ' || target::regclass;"],
  ['a variable of constants', "made := 'select 1'; execute made;"],
  ['nothing that is run', "made := 'select ' || given;"],
])('finds nothing in %s', (_, body) => {
  expect(findDynamic(made(body))).toEqual([])
})
