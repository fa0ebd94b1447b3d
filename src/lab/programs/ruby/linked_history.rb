# frozen_string_literal: true

# Leaks: each revision of a document keeps the one before.
require_relative 'program'

module Shop
  class Revision
    def initialize(text, before)
      @text = text
      @before = before
    end
  end

  class Document
    def change(text)
      @latest = Revision.new(text, @latest)
    end
  end
end

document = Shop::Document.new
Lab.work { |job| document.change("text number #{job}") }
