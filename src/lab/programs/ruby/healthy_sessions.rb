# frozen_string_literal: true

# Healthy: sessions of any length come and go.
require_relative 'program'

module Shop
  class Visit
    def initialize(number)
      @number = number
      @trail = Array.new(number % 30, number)
    end
  end
end

visits = {}
due = Array.new(700) { [] }
Lab.work do |job|
  visits[job] = Shop::Visit.new(job)
  due[(job + 1 + (job * 7919 % 600)) % 700] << job
  due[job % 700].each { |ended| visits.delete(ended) }
  due[job % 700].clear
end
