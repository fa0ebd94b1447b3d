# frozen_string_literal: true

# Leaks: texts only, in a list of all messages that were ever logged, in a global variable.
require_relative 'program'

$messages = []

Lab.work do |job|
  3.times { |line| $messages << "job #{job} line #{line} was done without any problem that anybody would want to know of" }
end
