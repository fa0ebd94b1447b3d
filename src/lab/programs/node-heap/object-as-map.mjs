/** Prices by product in a plain object of the module, for every product there ever was. */
import { serve } from './program.mjs';

const knownPrices = {};

function priceOf(product) {
  knownPrices[product] ??= { product, net: product.length * 100, currency: 'EUR' };
  return knownPrices[product];
}

await serve((id) => priceOf(`product-${id}-red`));
