/** Totals of each order in an object of each customer in an object of each country, as maps made of objects are. */
import { serve } from './program.mjs';

const totals = {};
const countries = ['at', 'ch', 'de', 'fr'];

await serve((id) => {
  const country = countries[id % 4];
  totals[country] ??= {};
  totals[country][`customer-${id % 50}`] ??= {};
  totals[country][`customer-${id % 50}`][`order-${id}`] = { net: id / 7, tax: id / 70, paid: false };
});
