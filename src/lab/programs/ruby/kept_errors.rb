# frozen_string_literal: true

# Leaks: errors are kept for a report, each with its backtrace.
require_relative 'program'

module Shop
  class PaymentRefused < StandardError; end

  class FailureReport
    def initialize
      @failures = []
    end

    def during
      yield
    rescue PaymentRefused => e
      @failures << e
    end
  end
end

report = Shop::FailureReport.new
Lab.work { |job| report.during { raise Shop::PaymentRefused, "card #{job} was refused" } }
