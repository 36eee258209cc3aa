param token string
param location string
param tags object

// As whom Weir pulls its image and calls the Azure OpenAI accounts
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'weir-${token}'
  location: location
  tags: tags
}

output name string = identity.name
output principalId string = identity.properties.principalId
