@kubeflow @password @browser
Feature: The owner gets another password
  The tutorial's password is known to everybody. Another one is hashed with bcrypt, written into Dex's configuration and
  applied; Dex reads it when it starts anew.

  @changes
  Scenario: The new password is accepted, and the old one no more
    Given the owner has another password
    And a visitor at http://localhost:7080
    When they log in with the new password
    Then it greets user@example.com
    Given a visitor at http://kubeflow.example.it
    When they log in with the tutorial's password
    Then Dex says "Invalid Email Address and password."
    And they have no session

  Scenario: The tutorial's password is back
    Given a visitor at http://localhost:7080
    When they log in with the tutorial's password
    Then it greets user@example.com
