# frozen_string_literal: true

# Leaks: sessions by token in a hash that nothing is ever taken from, in an instance variable.
require_relative 'program'

module Shop
  class Session
    attr_accessor :seen

    def initialize(user)
      @user = user
      @seen = []
    end
  end

  class SessionStore
    def initialize
      @by_token = {}
    end

    def open(id)
      @by_token["token-#{id}"] ||= Session.new("user-#{id}")
    end
  end
end

store = Shop::SessionStore.new
Lab.work { |job| store.open(job).seen << job }
