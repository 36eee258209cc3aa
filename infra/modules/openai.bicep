@description('Name of the account, and of its address')
param name string

param location string
param tags object
param skuName string

@description('Its deployments, each { name, model, version, sku, capacity }')
param deployments array

@description('Who may call the models')
param principalId string

var openAiUser = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd' // Cognitive Services OpenAI User

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: {
    name: skuName
  }
  properties: {
    customSubDomainName: name // without it there are no Entra tokens
    disableLocalAuth: true // no keys, so none can leak
    publicNetworkAccess: 'Enabled'
  }
}

// An account refuses a second deployment while it works on the first
@batchSize(1)
resource modelDeployments 'Microsoft.CognitiveServices/accounts/deployments@2025-09-01' = [
  for item in deployments: {
    parent: account
    name: item.name
    sku: {
      name: item.sku
      capacity: item.capacity
    }
    properties: {
      model: {
        format: 'OpenAI'
        name: item.model
        version: item.version
      }
      versionUpgradeOption: 'OnceCurrentVersionExpired'
    }
  }
]

resource use 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, openAiUser)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', openAiUser)
  }
}
