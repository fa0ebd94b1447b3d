# frozen_string_literal: true

# Leaks: totals of each order in a hash of each customer in a hash of each country.
require_relative 'program'

module Shop
  TOTALS = Hash.new { |all, country| all[country] = Hash.new { |of, customer| of[customer] = {} } }
end

Lab.work do |job|
  Shop::TOTALS[%w[at ch de fr][job % 4]]["customer-#{job % 50}"]["order-#{job}"] = { net: job / 7.0, tax: job / 70.0, paid: false }
end
