# frozen_string_literal: true

# Healthy: a bounded hash of sessions; the oldest ones go.
require_relative 'program'

module Shop
  class Session
    def initialize(user)
      @user = user
      @seen = [user]
    end
  end
end

sessions = {}
Lab.work do |job|
  sessions["session-#{job}"] = Shop::Session.new("user-#{job}")
  sessions.shift if sessions.size > 300
end
