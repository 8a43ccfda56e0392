@{
    ExcludeRules = @(
        # Files are UTF-8 without a mark, which is what every PowerShell that this runs on expects.
        'PSUseBOMForUnicodeEncodedFile'

        # What a helper inside a script takes is clear from the line above it.
        'PSAvoidUsingPositionalParameters'

        # It does not see that a parameter is used in a function or a script block below.
        'PSReviewUnusedParameter'
    )
}
