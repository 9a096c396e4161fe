@kubeflow @password @browser
Feature: The owner's password is changed
  The tutorial's password is publicly known. A new password is hashed with bcrypt, written to Dex's configuration and
  applied. Dex reads it when it restarts.

  @changes @login_form
  Scenario: The new password works, the old one is rejected
    Given the owner temporarily has a new password
    And a user without a session at http://localhost:7080
    When they log in with the new password
    Then the dashboard greets user@example.com
    Given a user without a session at http://kubeflow.example.it
    When they log in with the tutorial's password
    Then Dex shows the error "Invalid Email Address and password."
    And they have no session

  @changes @login_form
  Scenario: The tutorial's password works again
    Given a user without a session at http://localhost:7080
    When they log in with the tutorial's password
    Then the dashboard greets user@example.com
