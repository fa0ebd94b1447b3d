# frozen_string_literal: true

# Leaks: a class remembers each answer in a class variable, by an argument that never comes again.
require_relative 'program'

module Shop
  class PriceList
    Price = Struct.new(:article, :cents, :valid_until)

    @@known = {}

    def self.price(article)
      @@known[article] ||= Price.new(article, article.size * 100, 'tomorrow')
    end
  end
end

Lab.work { |job| Shop::PriceList.price("article-#{job}") }
