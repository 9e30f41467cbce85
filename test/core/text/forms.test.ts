// Each form by itself, and beside it what is nearly one.

import { expect, test } from 'vitest'
import { survey } from '../../../core/redaction/survey.ts'
import { readings } from '../../../core/text/prose.ts'
import { search } from '../../../core/text/search.ts'

/** By form: what is found whole, and what is not found at all. `_` is what is around it. */
const forms: { readonly [form: string]: { type: string; are: string[]; arent: string[]; said?: string } } = {
  'day, month and year': {
    type: 'DATE',
    are: [
      '4/22/2021',
      '4-22-21',
      '22.4.2021',
      '4/22/2021 10:30',
      '4/22/21, at 9:05:10 p.m.',
      '3/5/2024 @ 10:30Z',
      '2021-04-22',
      '2021/4/22',
      '4.22.21',
      '10.4.23',
      '4/18/24 at 2130',
      '5/11/24 0412',
      '0300 on 7/5/23',
      '2/14/24-2/17/24',
      '2/14/24 to 2/17/24',
    ],
    arent: ['13/32/2021', '4.2.21', '1/2/3/2021', '4/22-2021', '2021-13-01'],
  },
  'a moment': {
    type: 'DATE',
    are: [
      '2021-04-22T10:30',
      '2021-04-22 10:30:00.123Z',
      '2021-04-22T10:30:00+01:00',
      '20240305',
      '20240305T103000Z',
      '2024-064',
      '12JAN2023',
      '03/2023',
    ],
    arent: ['2024-367', '12JAM2023', '13/2023', '20241305'],
  },
  'a month': {
    type: 'DATE',
    are: [
      'March 5th, 2021 at 10:30',
      'May 3-5, 2023',
      'May the 5th',
      'Jan-12-2023',
      '12 March',
      'the 5th of May',
      'March 2021',
      "Jan '23",
      'March fifth',
      'twenty-first of June',
      'may 5th',
      '5th day of May, 2020',
      'the second of May nineteen forty four',
      'May twenty second',
      'the end of May',
      '2nd week of June',
    ],
    arent: ['may 5 mg', 'Marchs 5', 'may'],
  },
  'an age over 89': {
    type: 'AGE',
    are: ['94-year-old', '120 years old', 'ninety y/o', 'ninety-two-year-old', '97yo'],
    arent: ['89-year-old', '130 years old', 'eighty-year-old'],
    said: 'She is a _',
  },
  'an age that is set off': {
    type: 'AGE',
    are: ['94', 'ninety-four'],
    arent: ['89', 'eighty', '94.5'],
    said: 'Mrs. Ida Okafor, _, declines',
  },
  'an age before a sex': { type: 'AGE', are: ['94', '90'], arent: ['89', '101'], said: 'seen _ F, weak' },
  'a day of a month': {
    type: 'DATE',
    are: ['4/22', '10/6', '3/4-3/28', '11/9', '2/14'],
    arent: ['4/4', '3/6', '8/10', '13/32', '4/22/1', '24/7'],
    said: 'alarm _ here',
  },
  'a day that something was done': {
    type: 'DATE',
    are: ['4/4', '3/6', '3-14', '10-10', '6/22 to 6/25'],
    arent: ['13/32', '3-4', '10-12'],
    said: 'It was placed before and filled on _, as he says',
  },
  'a day at the end of a clause': {
    type: 'DATE',
    are: ['5/6', '2/5'],
    arent: ['4/4', '1/2', '3/4', '8/10'],
    said: 'labs _, start insulin',
  },
  'a day from the day of writing': {
    type: 'DATE',
    are: [
      'yesterday',
      'last night',
      'last weekend',
      'this morning',
      'tonight',
      'spring break',
      'Summer 2022',
      'fall of 2021',
      'Wednesday in June',
      'the first Monday in August',
    ],
    arent: ['today', 'this time', 'last week', 'a fall', 'spring', 'that night'],
    // And in a text beyond ASCII.
    said: 'Ωб: it came _, he says',
  },
  'a day that was sent': {
    type: 'DATE',
    are: ['4/4', '3/3'],
    arent: ['8/70'],
    said: 'the screen was sent _, she left AMA',
  },
  'a month in another language': {
    type: 'DATE',
    are: ['12 avril 2024', '4 de abril de 2024', '3 Oktober 2023', '7 juillet'],
    arent: ['mars', 'mai', 'mayo'],
  },
  'a number in groups that nothing announces': {
    type: 'UNIQUE_IDENTIFIER',
    are: ['7440 1938 201', 'WDL7B92K40QX'],
    arent: ['2019 2020 2021', '120 125 130', '1200 1300 1400', '5504 1812', 'CD34CD38', 'CYP2C19'],
    said: 'he has Fidelis _, and is well',
  },
  'a short day in small letters': {
    type: 'DATE',
    are: ['since wed', 'sat am', 'on sat'],
    arent: ['sat', 'mon', 'sun'],
    said: 'it hurts _, he says',
  },
  'a year of birth that tells an age over 89': {
    type: 'DATE',
    are: ['1930', '1912'],
    arent: ['1950', '2001'],
    said: 'she was born in _, and smokes',
  },
  'a day of birth that is read out': {
    type: 'DATE',
    are: ['three twelve fifty-eight'],
    arent: ['three', 'twelve pounds'],
    said: 'my birthday is _, he says',
  },
  'an age behind a name': {
    type: 'AGE',
    are: ['98', '103'],
    arent: ['88', '98%', '98.4'],
    said: 'Gladys Ostergaard _, husband there',
  },
  'an age of a patient between commas': {
    type: 'AGE',
    are: ['92'],
    arent: ['88', '92%'],
    said: 'the pt, _, fell',
  },
  'an age between signs': {
    type: 'AGE',
    are: ['92'],
    arent: ['88', '92%'],
    said: 'clarence tibbs, _) needs it',
  },
  'an age behind a sex': { type: 'AGE', are: ['92'], arent: ['88'], said: 'she fell (F, _) there' },
  'an age that is said of somebody': {
    type: 'AGE',
    are: ['94'],
    arent: ['88', '94%'],
    said: "He says she's _.",
  },
  'a birthday over 89': { type: 'AGE', are: ['90th'], arent: ['80th'], said: 'fell on her _ birthday' },
  'a month in small letters': {
    type: 'DATE',
    are: ['oct', 'sept'],
    arent: ['may', 'mar', 'march'],
    said: 'it hurts since _, he says',
  },
  'a day that a text begins with': {
    type: 'DATE',
    are: ['1/5', '2/6'],
    arent: ['1/2', '3/4'],
    said: '_ CXR clear',
  },
  'an age before a sex or in years': {
    type: 'AGE',
    are: ['90 yrs', '95 years', '92y', '92 y', '90+ yo'],
    arent: ['89 yrs'],
    said: 'seen _, on hospice',
  },
  'an age before a sex in one letter': {
    type: 'AGE',
    are: ['93', '101'],
    arent: ['89'],
    said: 'seen _/F, weak',
  },
  'a day by its number': {
    type: 'DATE',
    are: ['the 31st', 'the 5th'],
    arent: ['the 32nd', 'the 5th toe', '5th'],
    said: 'we meet on _',
  },
  'a day of the week': {
    type: 'DATE',
    are: [
      'Tues',
      'Thursday',
      'thur',
      'Mon',
      'Weds',
      'fri nite',
      'Sat. the 6th',
      'the Friday before Christmas',
      'Ash Wednesday',
    ],
    arent: ['sat', 'mon', 'Sun', 'Monday-morning'],
    said: 'he called _ about it',
  },
  'a feast': {
    type: 'DATE',
    are: [
      'Halloween',
      'St. Patrick’s Day',
      'Lunar New Year',
      'MLK day',
      'Labor Day 2022',
      'Diwali 2023',
      'Lunar New Year 2024',
      'labor day weekend',
      'the day after Christmas',
      'Ascension Day',
    ],
    arent: ['labor', 'a new year', 'the day after surgery', 'fathers'],
    said: 'Ωб: since then, _, it hurts',
  },
  'days of a month': {
    type: 'DATE',
    are: [
      'Sep 3 to Sep 14',
      '2 to 4 October',
      '8-10 May 2023',
      'the evening of June 9th',
      'tomorrow, March 6',
    ],
    arent: ['2 to 4'],
    said: 'worn _ and then not',
  },
  'a month alone': {
    type: 'DATE',
    are: ['October', 'last October', 'early february'],
    arent: ['may', 'march', 'Octobers'],
    said: 'worse _ and better',
  },
  'an age behind a word': {
    type: 'AGE',
    are: ['95', '101'],
    arent: ['95%', '88', '95.5'],
    said: 'Age/Sex (years): _',
  },
  'an age in tens': { type: 'AGE', are: ['90'], arent: ['80'], said: 'in her mid to late _s' },
  'a social security number': {
    type: 'SOCIAL_SECURITY_NUMBER',
    are: ['123-45-6789', '123 45 6789'],
    arent: ['123-45', '123-456-78'],
  },
  'a telephone': {
    type: 'PHONE_NUMBER',
    are: [
      '(617) 555-0143',
      '617.555.0143 x12',
      '1-617-555-0143',
      '1 (617) 555-0143 ext. 4',
      '+44 20 7946 0958',
      '+1 (617) 555-0143',
      '617-555-0143, ext. 4471',
      '617/555/0143',
      '011 52 55 1234 5678',
      'five oh three, five five five, oh one four four',
      // Longer than any, and all of it.
      'oh one two three four five six seven eight nine zero one two three four five six seven eight nine zero one two three four five six seven eight',
    ],
    arent: ['617 555', '(617) 55-0143', '+44 20'],
  },
  'a fax': { type: 'FAX_NUMBER', are: ['(617) 555-0143'], arent: ['(617) 55'], said: 'fax number is _' },
  'an address of IP': {
    type: 'IP_ADDRESS',
    are: ['192.168.1.7', 'fe80::1', '2001:db8:0:0:0:0:0:1'],
    arent: ['256.1.1.1', '1.2.3', '1.2.3.0012', '1.2.3.4.5', '10:30:00', '12345::1'],
  },
  'a beneficiary of Medicare': {
    type: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
    are: ['1EG4-TE5-MK73', '1EG4TE5MK73'],
    arent: ['1EG4-TE5-MK7', '1BG4-TE5-M'],
  },
  'a vehicle': { type: 'VEHICLE_IDENTIFIER', are: ['1HGCM82633A004352', '1M8GDM9AXKP042788'], arent: [] },
  'a card': {
    type: 'ACCOUNT_NUMBER',
    are: ['4111 1111 1111 1111', '4111111111111111', '4111-1111-1111-1111'],
    arent: ['4111 1111 1111 1112'],
  },
  'an account': {
    type: 'ACCOUNT_NUMBER',
    are: ['DE89 3704 0044 0532 0130 00', 'DE89370400440532013000'],
    arent: ['DE89 3704 0044 0532 0130 01'],
  },
  'a prescriber': { type: 'CERTIFICATE_LICENSE_NUMBER', are: ['AB1234563', 'F91234563'], arent: [] },
  'a network card': {
    type: 'DEVICE_IDENTIFIER',
    are: ['00:1B:44:11:3A:B7', '00-1b-44-11-3a-b7'],
    arent: ['00:1B:44:11:3A', '00:1B-44:11:3A:B7'],
  },
  'a device': {
    type: 'DEVICE_IDENTIFIER',
    are: ['(01)00844588003288(17)141120(21)A7'],
    arent: ['(02)00844588003288'],
  },
  'a unique id': { type: 'UNIQUE_IDENTIFIER', are: ['123e4567-e89b-12d3-a456-426614174000'], arent: [] },
  'a photograph': {
    type: 'PHOTO',
    are: ['IMG_1234.jpg', 'scan-12.png', 'xray_4.dcm'],
    arent: ['scan-12.pdf', '1.jpgs'],
  },
  'a place on earth': {
    type: 'GEOGRAPHIC_LOCATION',
    are: ['42.3601, -71.0589', '42.360° N, 71.058° W'],
    arent: ['42.36, 71.05'],
  },
  'an address of mail': {
    type: 'EMAIL_ADDRESS',
    are: [
      'a.b+c@example.org',
      'x_1@a-b.example',
      // Of sixteen characters and more, which are looked at together.
      'anna[at]example.org',
      "a.name_of+many%signs-and'more@the.example-of.a-long-host.example",
      `${'a'.repeat(64)}@${'b'.repeat(60)}.example`,
      // A look at sixteen characters ends before, with and behind the host.
      ...[10, 11, 12, 13].map((length) => `a@${'b'.repeat(length)}.org`),
      // And the path behind it, where the host is a page's too.
      'a@www.example.org/p',
      'a@-x.example.org/p',
      `a@bb-${'c'.repeat(64)}.org/p`,
    ],
    arent: ['a@b', '@b.org', 'a@b.', 'a@b.-'],
  },
  'a page': {
    type: 'URL',
    are: ['https://example.org/a?b=1', 'ftp://a.example', 'www.example.org/x'],
    arent: ['http://loinc.org/', 'a://'],
  },
  'a long number': {
    type: 'UNIQUE_IDENTIFIER',
    are: ['HMO-234567', 'SJH123456', '12345-JS', '98765ABC', '789-456-123', '54321-7890', '#4455', '7654321'],
    arent: [
      'BMS-986165',
      'COVID-19',
      '12345 mg',
      '1000-1500',
      '1234000',
      '7654321 cells',
      '7,654,321',
      '$7654321',
      '€7654321',
      'PMID 7654321',
      'ICD-10 123456',
    ],
  },
  'a number that a word announces': {
    type: 'MEDICAL_RECORD_NUMBER',
    are: ['4001234', 'A-7712'],
    arent: ['12 mg'],
    said: 'medical record no. _',
  },
  'a plate behind its State': {
    type: 'VEHICLE_IDENTIFIER',
    are: ['NY 7XYZ123', 'Ohio KLM-4821', 'GA HXN 2231', 'WV 8TR 902', 'HI-M 40927'],
    arent: ['NY 12', 'NY CA 12'],
    said: 'a car with plates _ in the lot',
  },
  'a serial number': {
    type: 'DEVICE_IDENTIFIER',
    are: ['884-221A', '4471882'],
    arent: ['12'],
    said: 'insulin pump S/N _ was read',
  },
  'a name to log in by': {
    type: 'UNIQUE_IDENTIFIER',
    are: ['jdoe_77', 'k.baker', 'mlopez82', 'hokonkwo'],
    arent: ['locked', 'required', 'not'],
    said: 'The portal username is _ today',
  },
  'a name in a field': {
    type: 'UNIQUE_IDENTIFIER',
    are: ['maria.lopez', 'rbanner'],
    arent: ['yes'],
    said: 'User ID: _\n',
  },
  'a handle': {
    type: 'UNIQUE_IDENTIFIER',
    are: ['@rosebud77', '@mary_k', '@tinaruns'],
    arent: ['@home', '@q6h', '@10am', 'x@mary_k'],
  },
  'a street in small letters': {
    type: 'GEOGRAPHIC_LOCATION',
    are: ['12 elm street', '450 oak ridge lane'],
    arent: ['2 tabs', '5 street vendors', '3 of the road', '5 mg road'],
    said: 'The patient lives near _ with her son',
  },
}

const found = (text: string) =>
  search(text, survey(), readings.text, { bornFrom: 1937 }).map(
    ({ start, end, type }) => `${type} ${text.slice(start, end)}`,
  )

for (const [form, { type, are, arent, said = 'It says _ today, as seen' }] of Object.entries(forms)) {
  test(`${form} is found whole, and what is nearly one is none`, () => {
    for (const one of are) expect(found(said.replace('_', () => one))).toContain(`${type} ${one}`)
    const all = arent.flatMap((one) =>
      found(said.replace('_', () => one)).filter((what) => what.startsWith(`${type} `)),
    )
    expect(all).toEqual([])
  })
}
