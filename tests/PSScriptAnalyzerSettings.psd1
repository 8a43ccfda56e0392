@{
    ExcludeRules = @(
        'PSUseBOMForUnicodeEncodedFile'
        'PSReviewUnusedParameter'

        # Pester hands variables from one block to the other, which the analyzer does not see.
        'PSUseDeclaredVarsMoreThanAssignments'

        # These are for public commands, and not for what a test calls its helpers.
        'PSUseSingularNouns'
        'PSUseShouldProcessForStateChangingFunctions'
        'PSAvoidUsingPositionalParameters'

        # 2>$null means what it says.
        'PSPossibleIncorrectUsageOfRedirectionOperator'
    )
}
